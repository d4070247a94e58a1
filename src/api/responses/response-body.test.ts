import { afterAll, describe, expect, it } from "vitest";
import { createTestServer } from "../testing/test-server.ts";

const { app, scripted } = createTestServer();
afterAll(() => app.close());

const post = (body: object) =>
	app.inject({ method: "POST", url: "/v1/responses", payload: body });

type Row = [what: string, body: object, param: string, message: RegExp];

const hi = { input: "Hi" };
const image = { type: "input_image", image_url: "data:,", detail: "auto" };

// biome-ignore format: a table
const rows: Row[] = [
	["no input", {}, "input", /a string or an array, but is missing/],
	["an empty input", { input: [] }, "input", /at least 1 item/],
	["a picture", { input: [{ role: "user", content: [image] }] }, "input[0].content[0].type", /'input_image' are not supported/],
	["a built-in tool's item", { input: [{ type: "web_search_call", id: "1" }] }, "input[0].type", /'web_search_call' are not supported/],
	["a reference to nothing", { input: [{ type: "item_reference", id: "msg_1" }] }, "input[0]", /'msg_1' not found/],
	["an unknown item", { input: [{ type: "poem" }] }, "input[0].type", /must be one of/],
	["an unknown role", { input: [{ role: "robot", content: "" }] }, "input[0].role", /must be 'system' or/],
	["a call without its output", { input: [{ type: "function_call", call_id: "c", name: "f", arguments: "{}" }] }, "input", /No tool output found.* c/],
	["an output without its call", { input: [{ type: "function_call_output", call_id: "c", output: "4" }] }, "input", /No tool call found.* c/],
	["a built-in tool", { ...hi, tools: [{ type: "file_search", vector_store_ids: [] }] }, "tools[0].type", /built-in tool 'file_search'/],
	["an unknown tool", { ...hi, tools: [{ type: "hammer" }] }, "tools[0].type", /must be one of/],
	["a required tool without tools", { ...hi, tool_choice: "required" }, "tool_choice", /there are no 'tools'/],
	["a choice of no tool", { ...hi, tool_choice: { type: "function", name: "f" } }, "tool_choice", /'f', which is not among 'tools'/],
	["a conversation", { ...hi, conversation: "conv_1" }, "conversation", /previous_response_id/],
	["a prompt template", { ...hi, prompt: { id: "pmpt_1" } }, "prompt", /'instructions' and 'input'/],
	["a concise summary", { ...hi, reasoning: { summary: "concise" } }, "reasoning.summary", /send 'auto' or 'detailed'/],
	["too much metadata", { ...hi, metadata: Object.fromEntries(Array.from({ length: 17 }, (_, index) => [index, ""])) }, "metadata", /at most 16/],
	["metadata of numbers", { ...hi, metadata: { a: 1 } }, "metadata.a", /must be a string/],
	["an unknown truncation", { ...hi, truncation: "middle" }, "truncation", /'auto' or 'disabled'/],
	["something unknown to include", { ...hi, include: ["all"] }, "include[0]", /must be/],
	["background that isn't stored", { ...hi, background: true, store: false }, "store", /'background' needs/],
	["stream options without a stream", { ...hi, stream_options: {} }, "stream_options", /needs 'stream': true/],
	["chat's name of a field", { ...hi, messages: [] }, "messages", /Unknown field/],
	["more tokens than there are", { ...hi, max_output_tokens: 5000 }, "input", /maximum context length/],
	["an unknown previous response", { ...hi, previous_response_id: "resp_1" }, "previous_response_id", /'resp_1' not found/],
];

describe("a response is refused with", () => {
	it.each(rows)("%s", async (_what, body, param, message) => {
		const answer = await post(body);
		expect(answer.statusCode).toBe(400);
		const { error } = answer.json();
		expect(error.param).toBe(param);
		expect(error.message).toMatch(message);
		expect(scripted.requests).toHaveLength(0);
	});
});

describe("queries", () => {
	it.each([
		["?stream=maybe", "stream"],
		["?starting_after=3", "starting_after"],
		["?stream=true&starting_after=-1", "starting_after"],
		["/input_items?limit=101", "limit"],
		["/input_items?limit=0", "limit"],
		["/input_items?after=item_0", "after"],
		["/input_items?order=up", "order"],
		["?streem=true", "streem"],
	])("%s is refused", async (query, param) => {
		const { id } = (await post(hi)).json();
		const answer = await app.inject(`/v1/responses/${id}${query}`);
		expect(answer.statusCode).toBe(400);
		expect(answer.json().error.param).toBe(param);
	});

	it("a method that a path doesn't have is 405", async () => {
		const answer = await app.inject({
			method: "PUT",
			url: "/v1/responses/resp_1",
		});
		expect(answer.statusCode).toBe(405);
		expect(answer.headers.allow).toContain("DELETE");
	});
});
