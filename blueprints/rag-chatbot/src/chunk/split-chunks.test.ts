import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type CountTokens, splitChunks } from "./split-chunks.ts";

/** A word is a token. */
const words: CountTokens = async (texts) =>
	texts.map((text) => text.split(/\s+/).filter((word) => word !== "").length);
const limits = { maxTokens: 12, overlapTokens: 0 };

const page = `# Guide

Begin here with a short text.

## Install

1. Download the archive of your system.
2. Unpack it where programs are kept.
3. Run the installer and wait for it.

## Options

| name | what it does |
| --- | --- |
| port | where it listens |
| host | on which address |

\`\`\`sh
galley run starter-chat
\`\`\`
`;

describe("splitChunks", () => {
	test("a heading begins a chunk, and a chunk knows the headings above it", async () => {
		const chunks = await splitChunks(page, limits, words);
		expect(chunks[0]).toMatchObject({ headings: ["Guide"] });
		const install = chunks.filter(({ headings }) => headings[1] === "Install");
		expect(install[0]?.text).toMatch(/^## Install\n\n1\. Download/);
		expect(install.length).toBeGreaterThan(1);
		expect(install.at(-1)?.text).toMatch(/^3\. Run/);
	});

	test("small neighbours share a chunk", async () => {
		const chunks = await splitChunks("One.\n\nTwo.\n\nThree.", limits, words);
		expect(chunks.map(({ text }) => text)).toEqual(["One.\n\nTwo.\n\nThree."]);
	});

	test("a long paragraph is cut between sentences", async () => {
		const text =
			"The first sentence has six words. The second one has six too. And here is a third one.";
		const chunks = await splitChunks(text, limits, words);
		expect(chunks.map((chunk) => chunk.text)).toEqual([
			"The first sentence has six words. The second one has six too.",
			"And here is a third one.",
		]);
	});

	test("the last sentences of a chunk are repeated in the next one of the section", async () => {
		const text = "One two three four. Five six seven. Eight nine ten eleven.";
		const chunks = await splitChunks(
			text,
			{ maxTokens: 8, overlapTokens: 4 },
			words,
		);
		expect(chunks.map((chunk) => chunk.text)).toEqual([
			"One two three four. Five six seven.",
			"Five six seven. Eight nine ten eleven.",
		]);
	});

	test("code stays code: it is cut between lines, never joined or reflowed", async () => {
		const code = `\`\`\`ts\n${Array.from({ length: 9 }, (_, i) => `const value${i} = compute(${i});`).join("\n")}\n\`\`\``;
		const chunks = await splitChunks(code, limits, words);
		expect(chunks.length).toBeGreaterThan(2);
		for (const { text } of chunks.slice(1, -1))
			expect(text).toMatch(/^const value\d = .*;$/s);
	});

	test("a word longer than a chunk is cut between characters", async () => {
		const letters: CountTokens = async (texts) =>
			texts.map((text) => Math.ceil(text.length / 2));
		const text = "😀".repeat(40);
		const chunks = await splitChunks(text, limits, letters);
		expect(chunks.map((chunk) => chunk.text).join("")).toBe(text);
		for (const chunk of chunks) expect(chunk.text.isWellFormed()).toBe(true);
	});

	test("a rule between lists counts as words", async () => {
		const text = "- alpha\n\n- - -\n- alpha";
		for (const chunk of await splitChunks(
			text,
			{ maxTokens: 4, overlapTokens: 0 },
			words,
		))
			expect((await words([chunk.text]))[0]).toBeLessThanOrEqual(4);
	});

	test("nothing comes of nothing", async () => {
		expect(await splitChunks(" \n\n# Only a heading\n", limits, words)).toEqual(
			[],
		);
	});

	const line = fc
		.array(fc.constantFrom("alpha", "beta.", "gamma", "1.", "-", "|", "`x`"), {
			minLength: 1,
			maxLength: 30,
		})
		.map((parts) => parts.join(" "));
	const block = fc.oneof(
		line,
		line.map((text) => `# ${text}`),
		line.map((text) => `### ${text}`),
		fc
			.array(line, { minLength: 1, maxLength: 8 })
			.map((items) => items.map((item) => `- ${item}`).join("\n")),
		fc
			.array(line, { minLength: 1, maxLength: 8 })
			.map((lines) => `\`\`\`\n${lines.join("\n")}\n\`\`\``),
	);

	test("property: places are true, limits are kept, order is kept, no word is lost", async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.array(block, { maxLength: 12 }).map((blocks) => blocks.join("\n\n")),
				fc.integer({ min: 3, max: 40 }),
				fc.integer({ min: 0, max: 10 }),
				async (markdown, maxTokens, overlapTokens) => {
					const chunks = await splitChunks(
						markdown,
						{ maxTokens, overlapTokens },
						words,
					);
					const covered = new Set<number>();
					let end = 0;
					for (const [index, chunk] of chunks.entries()) {
						expect(chunk.ordinal).toBe(index);
						expect(markdown.slice(chunk.start, chunk.end)).toBe(chunk.text);
						expect((await words([chunk.text]))[0]).toBeLessThanOrEqual(
							maxTokens,
						);
						expect(chunk.end).toBeGreaterThan(end);
						end = chunk.end;
						for (let at = chunk.start; at < chunk.end; at++) covered.add(at);
					}
					for (const { index, 0: word } of markdown.matchAll(/alpha|beta/g)) {
						const isInHeading = /^#.*$/m.test(
							markdown
								.slice(markdown.lastIndexOf("\n", index) + 1)
								.split("\n", 1)[0] ?? "",
						);
						if (!isInHeading) expect(covered.has(index), word).toBe(true);
					}
				},
			),
		);
	});
});
