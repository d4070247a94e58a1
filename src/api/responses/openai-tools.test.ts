import OpenAI from "openai";
import { zodResponsesFunction } from "openai/helpers/zod";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import {
	type OutputFormat,
	plainOutputFormat,
} from "../../core/output-format.ts";
import { createPrefixParser } from "../testing/prefix-parser.ts";
import { createScriptedService } from "../testing/scripted-service.ts";
import { createTestServer, listenForTest } from "../testing/test-server.ts";

const outputFormat: OutputFormat = {
	...plainOutputFormat,
	toolCallParser: "test",
	reasoningParser: "test",
	createParser: createPrefixParser,
	callSyntax: {
		open: "",
		before: "call:",
		between: "args:",
		after: "end:",
		separator: "",
		close: "",
		isParallel: true,
		trigger: "call:",
	},
};
const scripted = createScriptedService({ outputFormat });
const { app } = createTestServer({}, scripted);
let client: OpenAI;

beforeAll(async () => {
	const baseURL = `${await listenForTest(app)}/v1`;
	client = new OpenAI({ baseURL, apiKey: "none", maxRetries: 0 });
});
afterAll(() => app.close());
beforeEach(() => {
	scripted.setScript({
		deltas: [
			"think:Look it up.",
			"call:weather",
			'args:{"city":',
			'args:"Rome"}',
			"end:",
		],
	});
	scripted.requests.length = 0;
});

const model = "scripted";
const tool = zodResponsesFunction({
	name: "weather",
	parameters: z.object({ city: z.string() }),
});
const params = { model, input: "Weather in Rome?", tools: [tool] };

describe("the official client's tools", () => {
	it("are called, answered and gone on with", async () => {
		const first = await client.responses.parse(params);
		const call = first.output.find(({ type }) => type === "function_call");
		if (call?.type !== "function_call") throw new Error("no call");
		expect(call).toMatchObject({
			call_id: "call_0",
			name: "weather",
			parsed_arguments: { city: "Rome" },
			status: "completed",
		});
		scripted.setScript({ deltas: ["It is sunny."] });
		const second = await client.responses.create({
			...params,
			previous_response_id: first.id,
			input: [
				{
					type: "function_call_output",
					call_id: call.call_id,
					output: "sunny",
				},
			],
		});
		expect(second.output_text).toBe("It is sunny.");
		const prompt = scripted.service.detokenize(
			scripted.requests.at(-1)?.promptTokens ?? [],
			{ renderSpecialTokens: true },
		);
		expect(prompt).toContain("<|im_start|>tool\nsunny<|im_end|>");
		// The whole conversation sent back by the client, as with `store: false`.
		const again = await client.responses.create({
			...params,
			input: [
				{ role: "user", content: "Weather in Rome?" },
				...(first.output as OpenAI.Responses.ResponseInputItem[]),
				{
					type: "function_call_output",
					call_id: call.call_id,
					output: "sunny",
				},
			],
		});
		expect(again.output_text).toBe("It is sunny.");
		const repeated = scripted.requests.at(-1)?.promptTokens;
		expect(repeated).toEqual(scripted.requests.at(-2)?.promptTokens);
	});

	it("are streamed, arguments as they come", async () => {
		const stream = client.responses.stream(params);
		let text = "";
		const types: string[] = [];
		for await (const event of stream) {
			types.push(event.type);
			if (event.type === "response.function_call_arguments.delta")
				text += event.delta;
		}
		expect(text).toBe('{"city":"Rome"}');
		expect(types).toContain("response.reasoning_text.delta");
		const final = await stream.finalResponse();
		expect(final.output).toMatchObject([
			{ type: "reasoning", content: [{ text: "Look it up." }] },
			{ type: "function_call", parsed_arguments: { city: "Rome" } },
		]);
	});

	it("give the reasoning as a summary when one is asked for", async () => {
		const stream = client.responses.stream({
			...params,
			reasoning: { summary: "auto" },
		});
		const final = await stream.finalResponse();
		expect(final.output[0]).toMatchObject({
			type: "reasoning",
			summary: [{ type: "summary_text", text: "Look it up." }],
		});
	});
});
