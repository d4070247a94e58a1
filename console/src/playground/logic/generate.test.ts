import { describe, expect, test } from "vitest";
import { ApiError } from "../../api/api-error.ts";
import { readEvents } from "../../api/event-stream.ts";
import { generate, type OpenStream } from "./generate.ts";

const done = [
	'{"choices":[{"delta":{"content":"hi"}}]}',
	'{"choices":[{"delta":{},"finish_reason":"stop"}]}',
	"[DONE]",
];

function ask(openStream: OpenStream, signal = new AbortController().signal) {
	let clock = 0;
	return generate({
		openStream,
		path: "/v1/chat/completions",
		model: "m",
		body: { stream: true },
		signal,
		now: () => ++clock,
		onProgress: () => {},
	});
}

async function* events(data: readonly string[]) {
	for (const one of data) yield { data: one };
}

describe("a generation", () => {
	test("sends the model with the body, and ends finished", async () => {
		const sent: unknown[] = [];
		const answer = await ask((path, { body }) => {
			sent.push(path, body);
			return events(done);
		});
		expect(sent).toEqual([
			"/v1/chat/completions",
			{ model: "m", stream: true },
		]);
		expect(answer).toMatchObject({ state: "finished", text: "hi" });
	});

	test("refused, it has the field, the status and when to try again", async () => {
		const answer = await ask(() => {
			throw new ApiError("too many", {
				status: 429,
				code: "rate_limit_exceeded",
				param: "model",
				retryAfterSeconds: 7,
			});
		});
		expect(answer).toMatchObject({
			state: "failed",
			failure: { status: 429, retryAfterSeconds: 7, field: "model" },
		});
	});

	test("without a network it says so", async () => {
		const answer = await ask(() => {
			throw new ApiError("x", { status: 0, code: "offline" });
		});
		expect(answer.failure?.message).toContain("can't be reached");
	});

	test("stopped, it keeps what came", async () => {
		const controller = new AbortController();
		const answer = await ask(async function* () {
			yield { data: done[0] ?? "" };
			controller.abort();
			throw new DOMException("gone", "AbortError");
		}, controller.signal);
		expect(answer).toMatchObject({ state: "stopped", text: "hi" });
	});

	test("bytes cut anywhere make the same answer", async () => {
		const wire = new TextEncoder().encode(
			[": keep-alive\n\n", ...done.map((data) => `data: ${data}\r\n\r\n`)]
				.join("")
				.replace("hi", "schön 🚢"),
		);
		for (let size = 1; size <= 9; size++) {
			const body = new ReadableStream<Uint8Array>({
				start(controller) {
					for (let from = 0; from < wire.length; from += size)
						controller.enqueue(wire.slice(from, from + size));
					controller.close();
				},
			});
			const answer = await ask(() => readEvents(body));
			expect(answer).toMatchObject({ state: "finished", text: "schön 🚢" });
		}
	});
});
