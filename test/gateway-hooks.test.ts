import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { TextFilter } from "../src/gateway/hooks/gateway-hook.ts";
import { ask, EchoGateway, stream } from "./echo-gateway.ts";

const examples = fileURLToPath(new URL("../examples/hooks/", import.meta.url));
let echo: EchoGateway;

beforeAll(async () => {
	echo = await EchoGateway.create();
	await writeFile(
		join(echo.directory, "broken.mjs"),
		"export const createHook = ({ at }) => ({ name: 'broken', [at]() { throw new Error('oh') } });",
	);
	await writeFile(
		join(echo.directory, "slow.mjs"),
		"export const createHook = () => ({ name: 'slow', onRequest: () => new Promise(() => {}) });",
	);
	await writeFile(
		join(echo.directory, "odd.mjs"),
		"export const createHook = () => ({ onRequest: (body) => ({ action: 'replace', body: { ...body, messages: [{ role: 'user', content: 'changed' }] } }) });",
	);
});

afterEach(async () => {
	await echo.end();
	echo.forget();
});
afterAll(() => echo.close());

describe("the redaction hook", () => {
	const redact = `hooks:\n  - module: ${examples}redact.mjs`;

	test("takes addresses and card numbers out of requests", async () => {
		const { client } = await echo.open(
			`${redact}\n    options: { answers: false }`,
		);
		const secret =
			"Write to ann.smith@example.org, card 4111 1111 1111 1111, order 1234567890123.";
		const redacted = "Write to [email], card [card], order 1234567890123.";
		expect(await ask(client, secret)).toBe(redacted);
		expect(await stream(client, secret)).toBe(redacted);
		expect(echo.heard.join()).not.toMatch(/ann\.smith|4111/);
	});

	test("takes them out of answers, streamed across events as well", async () => {
		const { client } = await echo.open(redact);
		const { createHook } = await import(`${examples}redact.mjs`);
		const filter: TextFilter = createHook({}).filterText("content", {});
		const text = "Mail bob@example.com or 5500-0000-0000-0004 now";
		expect(
			[...text].map((piece) => filter.push(piece)).join("") + filter.end(),
		).toBe("Mail [email] or [card] now");
		// What passes untouched is as it was, event by event.
		expect(await stream(client, "no secrets here, really")).toBe(
			"no secrets here, really",
		);
	});

	test("property: cut anywhere, a text is redacted as it is in one piece", async () => {
		const { createHook } = await import(`${examples}redact.mjs`);
		const hook = createHook({});
		const word = fc.constantFrom(
			"hello",
			" ",
			"a@b.co",
			"first.last@mail.example.org",
			"4111 1111 1111 1111",
			"5500000000000004",
			"12 34",
			", ",
			"\n",
			"@",
			"é",
			".",
		);
		fc.assert(
			fc.property(
				fc.array(word, { maxLength: 12 }),
				fc.array(fc.nat(200), { maxLength: 10 }),
				(words, places) => {
					const text = words.join("");
					const cuts = [
						...new Set([
							0,
							...places.map((place) => Math.min(place, text.length)),
							text.length,
						]),
					].sort((one, other) => one - other);
					const run = (pieces: string[]) => {
						const filter: TextFilter = hook.filterText("content", {});
						return (
							pieces.map((piece) => filter.push(piece)).join("") + filter.end()
						);
					};
					const cut = run(
						cuts.slice(1).map((end, index) => text.slice(cuts[index], end)),
					);
					expect(cut).toBe(run([text]));
				},
			),
		);
	});
});

describe("the block-list hook", () => {
	const blockList = `hooks:\n  - module: ${examples}block-list.mjs\n    options: { words: [project bluebird], message: Ask Ann. }`;

	test("refuses requests with its own status and words", async () => {
		const { client } = await echo.open(blockList);
		await expect(
			ask(client, "What of Project  Bluebird?"),
		).rejects.toMatchObject({
			status: 403,
			message: expect.stringContaining("Ask Ann."),
		});
		expect(echo.heard).toEqual([]);
		expect(await ask(client, "bluebirds")).toBe("bluebirds");
	});

	test("ends answers that say it, streamed and not, and the other side is told to stop", async () => {
		await writeFile(
			join(echo.directory, "leak.mjs"),
			"export const createHook = () => ({ name: 'leak', onRequest: (body) => ({ action: 'replace', body: { ...body, messages: [{ role: 'user', content: 'well, project bluebird is endless' }] } }) });",
		);
		const { client } = await echo.open(`${blockList}\n  - module: ./leak.mjs`);
		await expect(ask(client, "hi")).rejects.toMatchObject({ status: 403 });
		let text = "";
		await expect(
			(async () => {
				for await (const { choices } of await client.chat.completions.create({
					model: "echo",
					stream: true,
					messages: [{ role: "user", content: "hi" }],
				}))
					text += choices[0]?.delta.content ?? "";
			})(),
		).rejects.toThrow("Ask Ann.");
		expect(text).toContain("well, project");
		expect(text).not.toContain("bluebird");
		while (echo.aborted === 0)
			await new Promise((resolve) => setTimeout(resolve, 10));
	});
});

describe("hooks", () => {
	test("that fail let nothing pass, and are named; the log has the cause", async () => {
		const { client } = await echo.open(
			"hooks:\n  - module: ./broken.mjs\n    options: { at: onRequest }",
		);
		await expect(ask(client, "hi")).rejects.toMatchObject({
			status: 500,
			message: expect.stringContaining("hook 'broken'"),
		});
		expect(echo.heard).toEqual([]);
		expect(echo.warnings.join()).toContain("'broken' failed");
	});

	test.each(["onResponse", "onEvent"])(
		"that fail in %s let no answer pass",
		async (at) => {
			const { client } = await echo.open(
				`hooks:\n  - module: ./broken.mjs\n    options: { at: ${at} }`,
			);
			const asked = at === "onEvent" ? stream(client, "hi") : ask(client, "hi");
			await expect(asked).rejects.toThrow("hook 'broken'");
		},
	);

	test("that may fail are left out when they do", async () => {
		const { client } = await echo.open(
			"hooks:\n  - module: ./broken.mjs\n    options: { at: onRequest }\n    onError: continue",
		);
		expect(await ask(client, "hi")).toBe("hi");
	});

	test("have a time limit", async () => {
		const { client } = await echo.open(
			"hooks:\n  - module: ./slow.mjs\n    timeoutMs: 20",
		);
		await expect(ask(client, "hi")).rejects.toMatchObject({
			status: 503,
			message: expect.stringContaining(
				"hook 'slow' did not answer within 20 ms",
			),
		});
	});

	test("change requests in turn", async () => {
		const { client } = await echo.open("hooks:\n  - module: ./odd.mjs");
		expect(await ask(client, "hi")).toBe("changed");
	});

	test("that can't be loaded keep the gateway from starting, all named at once", async () => {
		await expect(
			echo.open(
				"hooks:\n  - module: ./missing.mjs\n  - module: ./missing-too.mjs",
			),
		).rejects.toThrow(
			/missing\.mjs can't be used[\s\S]*missing-too\.mjs can't be used/,
		);
	});

	test("say who somebody is before the gateway's keys do", async () => {
		process.env.TEST_PROXY_SECRET = "a-secret-of-a-proxy";
		const { url } = await echo.open(
			`hooks:\n  - module: ${examples}header-auth.mjs\n    options: { secretEnv: TEST_PROXY_SECRET }`,
		);
		const post = (headers: Record<string, string>) =>
			fetch(`${url}/v1/chat/completions`, {
				method: "POST",
				headers,
				body: JSON.stringify({
					model: "echo",
					messages: [{ role: "user", content: "hi" }],
				}),
			}).then(({ status }) => status);
		const user = { "x-forwarded-user": "ann@example.org" };
		expect(
			await post({ ...user, "x-proxy-secret": "a-secret-of-a-proxy" }),
		).toBe(200);
		expect(await post({ ...user, "x-proxy-secret": "wrong" })).toBe(401);
		expect(await post({})).toBe(401);
	});
});
