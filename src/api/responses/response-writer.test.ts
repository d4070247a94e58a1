import { describe, expect, it } from "vitest";
import type { ParsedPiece } from "../generation/parsed-choice.ts";
import type { ResponseObject } from "./response-object.ts";
import { ResponseWriter } from "./response-writer.ts";

const usage = { promptTokens: 10, cachedTokens: 4, completionTokens: 6 };

function write(
	pieces: readonly ParsedPiece[],
	options: { summarizes?: boolean; isCut?: boolean } = {},
) {
	const response = {
		output: [],
		status: "in_progress",
	} as unknown as ResponseObject;
	const events: Record<string, unknown>[] = [];
	const writer = new ResponseWriter(
		response,
		(event) => events.push(JSON.parse(JSON.stringify(event))),
		{ summarizes: options.summarizes ?? false },
	);
	writer.begin();
	for (const piece of pieces) writer.write(piece);
	writer.end(
		options.isCut === true ? "length" : "stop",
		usage,
		2,
		1_700_000_000,
	);
	writer.complete();
	return { response, events, types: events.map(({ type }) => type) };
}

const thought: ParsedPiece[] = [
	{ type: "reasoning", text: "Let me " },
	{ type: "reasoning", text: "think." },
];
const answer: ParsedPiece = { type: "text", text: "Sunny.", logprobs: null };
const call: ParsedPiece[] = [
	{ type: "call", index: 0, id: "call_1", name: "weather" },
	{ type: "arguments", index: 0, text: '{"city":' },
	{ type: "arguments", index: 0, text: '"Rome"}' },
];

describe("a written response", () => {
	it("has reasoning, an answer and calls as items of their own", () => {
		const second: ParsedPiece[] = [
			{ type: "call-end", index: 0 },
			{ type: "call", index: 1, id: "call_2", name: "time" },
			{ type: "arguments", index: 1, text: "{}" },
			{ type: "call-end", index: 1 },
		];
		const { response, events, types } = write([
			...thought,
			answer,
			...call,
			...second,
		]);
		expect(response.output).toMatchObject([
			{
				type: "reasoning",
				status: "completed",
				summary: [],
				content: [{ type: "reasoning_text", text: "Let me think." }],
			},
			{ type: "message", content: [{ text: "Sunny." }] },
			{ call_id: "call_1", name: "weather", arguments: '{"city":"Rome"}' },
			{ call_id: "call_2", name: "time", arguments: "{}" },
		]);
		expect(types).toEqual([
			"response.created",
			"response.in_progress",
			"response.output_item.added",
			"response.content_part.added",
			"response.reasoning_text.delta",
			"response.reasoning_text.delta",
			"response.reasoning_text.done",
			"response.content_part.done",
			"response.output_item.done",
			"response.output_item.added",
			"response.content_part.added",
			"response.output_text.delta",
			"response.output_text.done",
			"response.content_part.done",
			"response.output_item.done",
			"response.output_item.added",
			"response.function_call_arguments.delta",
			"response.function_call_arguments.delta",
			"response.function_call_arguments.done",
			"response.output_item.done",
			"response.output_item.added",
			"response.function_call_arguments.delta",
			"response.function_call_arguments.done",
			"response.output_item.done",
			"response.completed",
		]);
		const places = events
			.filter(({ type }) => type === "response.output_item.added")
			.map(({ output_index: index, item }) => [index, item]);
		expect(places).toMatchObject([
			[0, { status: "in_progress", content: [] }],
			[1, { status: "in_progress", content: [] }],
			[2, { status: "in_progress", arguments: "" }],
			[3, { status: "in_progress", arguments: "" }],
		]);
		expect(response.usage).toEqual({
			input_tokens: 10,
			input_tokens_details: { cached_tokens: 4 },
			output_tokens: 6,
			output_tokens_details: { reasoning_tokens: 2 },
			total_tokens: 16,
		});
	});

	it("has reasoning as a summary where one was asked for", () => {
		const { response, types } = write([...thought, answer], {
			summarizes: true,
		});
		expect(response.output[0]).toMatchObject({
			summary: [{ type: "summary_text", text: "Let me think." }],
			content: [],
		});
		expect(types.slice(2, 9)).toEqual([
			"response.output_item.added",
			"response.reasoning_summary_part.added",
			"response.reasoning_summary_text.delta",
			"response.reasoning_summary_text.delta",
			"response.reasoning_summary_text.done",
			"response.reasoning_summary_part.done",
			"response.output_item.done",
		]);
	});

	it("is incomplete where it was cut, and so is its last item alone", () => {
		const { response, types } = write([...thought, ...call], { isCut: true });
		expect(response.status).toBe("incomplete");
		expect(response.output.map(({ status }) => status)).toEqual([
			"completed",
			"incomplete",
		]);
		expect(types.at(-1)).toBe("response.incomplete");
	});

	it("has a message when the model said nothing", () => {
		const { response } = write([]);
		expect(response.output).toMatchObject([
			{ type: "message", content: [{ type: "output_text", text: "" }] },
		]);
	});
});
