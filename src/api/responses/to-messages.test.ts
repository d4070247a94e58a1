import { describe, expect, it } from "vitest";
import { inputField, readInput } from "./input-items.ts";
import { toMessages } from "./to-messages.ts";

const convert = async (input: unknown, instructions: string | null = null) =>
	toMessages(
		instructions,
		await readInput(inputField.parse(input), async () => null),
	);

const call = (id: string) => ({
	type: "function_call",
	call_id: id,
	name: "weather",
	arguments: "{}",
});
const output = (id: string) => ({
	type: "function_call_output",
	call_id: id,
	output: `result of ${id}`,
});
const toolCall = (id: string) => ({
	id,
	type: "function",
	function: { name: "weather", arguments: "{}" },
});

describe("items as messages", () => {
	it("takes a text, a message without a type, and parts", async () => {
		expect(await convert("Hi", "Be kind.")).toEqual([
			{ role: "system", content: "Be kind." },
			{ role: "user", content: "Hi" },
		]);
		const parts = [
			{ type: "input_text", text: "a" },
			{ type: "input_text", text: "b" },
		];
		expect(await convert([{ role: "developer", content: parts }])).toEqual([
			{ role: "developer", content: "a\nb" },
		]);
	});

	it("makes one turn of reasoning, an answer and its calls", async () => {
		const items = [
			{ role: "user", content: "Weather?" },
			{
				type: "reasoning",
				content: [{ type: "reasoning_text", text: "Look it up." }],
				summary: [],
			},
			{ role: "assistant", content: "One moment." },
			call("one"),
			call("two"),
			output("two"),
			output("one"),
			{ role: "assistant", content: "Sunny." },
		];
		expect(await convert(items)).toEqual([
			{ role: "user", content: "Weather?" },
			{
				role: "assistant",
				content: "One moment.",
				reasoning_content: "Look it up.",
				tool_calls: [toolCall("one"), toolCall("two")],
			},
			{ role: "tool", tool_call_id: "two", content: "result of two" },
			{ role: "tool", tool_call_id: "one", content: "result of one" },
			{ role: "assistant", content: "Sunny." },
		]);
	});

	it("keeps two answers and two rounds of calls apart", async () => {
		const items = [
			{ role: "assistant", content: "a" },
			{ role: "assistant", content: "b" },
			call("one"),
			output("one"),
			call("two"),
			output("two"),
		];
		expect((await convert(items)).map(({ role }) => role)).toEqual([
			"assistant",
			"assistant",
			"tool",
			"assistant",
			"tool",
		]);
	});

	it("refuses calls without results, and results without calls", async () => {
		await expect(convert([call("one")])).rejects.toThrow(/No tool output.*one/);
		await expect(convert([output("one")])).rejects.toThrow(/No tool call.*one/);
	});
});
