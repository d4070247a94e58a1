import { describe, expect, test } from "vitest";
import type { Answer } from "./answer.ts";
import { freshContent } from "./session-content.ts";
import {
	type OpenedFile,
	type Panel,
	type PanelContent,
	parseContent,
	readSessionFile,
	toSessionFile,
} from "./session-file.ts";

const answer: Answer = {
	model: "m",
	state: "finished",
	text: "Four.",
	reasoning: "2 + 2",
	calls: [],
	logprobs: [{ token: "Four", logprob: -0.1, isKnown: true, top: null }],
	finishReason: "stop",
	usage: {
		promptTokens: 9,
		completionTokens: 2,
		cachedTokens: 4,
		reasoningTokens: null,
	},
	timing: { firstTokenMs: 12, totalMs: 40, tokensPerSecond: 50 },
	failure: null,
};

function shared<P extends Panel>(panel: P, content: PanelContent[P]) {
	const text = toSessionFile({
		id: "1",
		panel,
		title: "Sums",
		updatedAt: 1,
		content,
	});
	const opened = readSessionFile(text);
	if (typeof opened === "string") throw new Error(opened);
	return opened as OpenedFile & { content: PanelContent[P] };
}

describe("a session that is shared as a file and opened again", () => {
	test("has the answers side by side, with their figures and what they are to", () => {
		const fresh = freshContent("compare", "m");
		const content = {
			...fresh,
			prompt: "2 + 3?",
			columns: fresh.columns.map((column, place) => ({
				...column,
				answer: place === 0 ? answer : null,
				asked: place === 0 ? "2 + 2?" : "",
			})),
		};
		expect(shared("compare", content)).toEqual({
			panel: "compare",
			title: "Sums",
			content,
		});
	});

	test("has a completion, and the text around it", () => {
		const content = {
			...freshContent("completions", "m"),
			prompt: "changed since",
			answer,
			asked: { prompt: "2 + 2 =", suffix: "" },
		};
		expect(shared("completions", content).content).toEqual(content);
	});

	test("has no answer that still runs: who left it stopped it", () => {
		const [column] = parseContent("compare", {
			columns: [{ answer: { ...answer, state: "streaming" } }],
		}).columns;
		expect(column?.answer).toMatchObject({ state: "stopped", text: "Four." });
	});
});

test("sessions of an older version, without answers, and anything else have columns that can be asked", () => {
	for (const columns of [
		undefined,
		[{ settings: { model: "m" } }],
		[{ answer: "text", asked: 7 }, null, {}, {}, {}],
	]) {
		const parsed = parseContent("compare", { columns });
		expect(parsed.columns.length).toBeGreaterThanOrEqual(2);
		expect(parsed.columns.length).toBeLessThanOrEqual(4);
		for (const column of parsed.columns)
			expect(column).toMatchObject({ answer: null, asked: "" });
	}
});
