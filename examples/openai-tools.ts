// The model calls a function, the function runs, the model answers:  npx tsx examples/openai-tools.ts "What is 4 plus 5?"
import OpenAI from "openai";

const client = new OpenAI({
	baseURL: process.env.OPENAI_BASE_URL ?? "http://127.0.0.1:8000/v1",
	apiKey: process.env.OPENAI_API_KEY ?? "no key needed",
});
const number = { type: "integer", minimum: 0, maximum: 999 };
const properties = { a: number, b: number };
const parameters = { type: "object", properties, required: ["a", "b"] };
const add = { name: "add", description: "Adds two numbers.", parameters };
const tools = [{ type: "function" as const, function: add }];
const content = process.argv[2] ?? "What is 4 plus 5?";
const messages: OpenAI.ChatCompletionMessageParam[] = [
	{ role: "user", content },
];
const model = (await client.models.list()).data[0]?.id ?? "";
for (const tool_choice of ["required", "none"] as const) {
	const params = { model, messages, tools, tool_choice, max_tokens: 100 };
	const { choices } = await client.chat.completions.create(params);
	const { message } = choices[0] ?? {};
	if (message?.content) console.log(message.content);
	if (message !== undefined) messages.push(message);
	for (const call of message?.tool_calls ?? []) {
		if (call.type !== "function") continue;
		const { a, b } = JSON.parse(call.function.arguments);
		console.log(`add(${a}, ${b}) = ${a + b}`);
		messages.push({ role: "tool", tool_call_id: call.id, content: `${a + b}` });
	}
}
