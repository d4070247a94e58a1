import { describe, expect, test } from "vitest";
import { DoorObserver } from "./door-observer.ts";

function door() {
	const heard: unknown[][] = [];
	let now = 1000;
	const note =
		(name: string) =>
		(...values: unknown[]) => {
			heard.push([name, ...values]);
		};
	const metrics = {
		requestReceived: note("received"),
		firstToken: note("first"),
		interToken: note("inter"),
		tokensGenerated: note("tokens"),
		requestFinished: note("finished"),
		requestFailed: note("failed"),
	};
	const observer = new DoorObserver(metrics, 1000, () => now);
	const at = (ms: number, text: string) => {
		now = 1000 + ms;
		observer.data(Buffer.from(text));
	};
	const count = (name: string) =>
		heard
			.filter(([what]) => what === name)
			.reduce((sum, [, value]) => sum + Number(value), 0);
	return { observer, at, heard, count };
}

const chunk = (content: string | null, more: object = {}) =>
	`data: ${JSON.stringify({ choices: [{ delta: { content }, finish_reason: null }], ...more })}\n\n`;

describe("an answer at the door", () => {
	test("that streams tells its first token and the gaps, wherever the pieces are cut", () => {
		const text =
			chunk(null) +
			chunk("a") +
			chunk("b") +
			'data: {"choices":[{"delta":{},"finish_reason":"length"}],"usage":{"prompt_tokens":7,"completion_tokens":3}}\n\ndata: [DONE]\n\n';
		for (let cut = 0; cut <= text.length; cut += 7) {
			const { observer, at, heard, count } = door();
			observer.head(200, { "content-type": "text/event-stream" });
			at(50, text.slice(0, cut));
			at(50, text.slice(cut));
			observer.end({});
			observer.settle("answered");
			expect(count("first")).toBeCloseTo(0.05);
			expect(heard.filter(([name]) => name === "inter").length).toBe(1);
			// Two events had text; the usage knows of a third token.
			expect(count("tokens")).toBe(3);
			expect(count("received")).toBe(7);
			expect(heard.at(-1)).toMatchObject([
				"finished",
				{ finishReason: "length", completionTokens: 3, promptTokens: 7 },
			]);
		}
	});

	test("of Anthropic's and of Responses' streams counts as well", () => {
		for (const [event, usage] of [
			[
				'{"type":"content_block_delta","delta":{"text":"a"}}',
				'{"type":"message_delta","usage":{"output_tokens":2}}',
			],
			[
				'{"type":"response.output_text.delta","delta":"a"}',
				'{"type":"response.completed","response":{"usage":{"input_tokens":5,"output_tokens":2}}}',
			],
		]) {
			const { observer, at, count } = door();
			observer.head(200, { "content-type": "text/event-stream" });
			at(10, `event: x\ndata: ${event}\n\nevent: y\ndata: ${usage}\n\n`);
			observer.end({});
			observer.settle("answered");
			expect(count("tokens")).toBe(2);
		}
	});

	test("that is JSON tells its usage; one that breaks off has failed; an error is no answer", () => {
		const whole = door();
		whole.observer.head(200, { "content-type": "application/json" });
		whole.at(5, '{"usage":{"prompt_tokens":4,');
		whole.at(9, '"completion_tokens":6},"choices":[]}');
		whole.observer.end({});
		whole.observer.settle("answered");
		expect(whole.count("tokens")).toBe(6);
		const broken = door();
		broken.observer.head(200, { "content-type": "text/event-stream" });
		broken.observer.settle("broken");
		expect(broken.heard.at(-1)).toEqual(["failed", "engine_crashed"]);
		const error = door();
		error.observer.head(400, { "content-type": "application/json" });
		error.observer.settle("answered");
		expect(error.heard).toEqual([]);
	});
});
