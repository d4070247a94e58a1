// The model has to call a function, with arguments that fit its schema:  npx tsx examples/openai-tools.ts "What is 4 plus 5?"
import OpenAI from "openai";

const client = new OpenAI({
	baseURL: process.env.OPENAI_BASE_URL ?? "http://127.0.0.1:8000/v1",
	apiKey: process.env.OPENAI_API_KEY ?? "no key needed",
});

const number = { type: "integer", minimum: 0, maximum: 999 };
const parameters = {
	type: "object",
	properties: { a: number, b: number },
	required: ["a", "b"],
	additionalProperties: false,
};
const name = "add";
const description = "Adds two numbers.";
const [model] = (await client.models.list()).data;
const content = process.argv[2] ?? "What is 4 plus 5?";
const { choices } = await client.chat.completions.create({
	model: model?.id ?? "",
	messages: [{ role: "user", content }],
	tools: [{ type: "function", function: { name, description, parameters } }],
	tool_choice: { type: "function", function: { name } },
});
const call = choices[0]?.message.tool_calls?.[0];
if (call?.type !== "function") throw new Error("The model called nothing.");
console.log(`${call.function.name}(${call.function.arguments})`);
