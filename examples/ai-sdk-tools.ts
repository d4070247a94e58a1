// The model calls a function, with the AI SDK:  npx tsx examples/ai-sdk-tools.ts "What is 4 plus 5?"
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, tool } from "ai";
import { z } from "zod";

const galley = createOpenAICompatible({
	name: "galley",
	baseURL: process.env.OPENAI_BASE_URL ?? "http://127.0.0.1:8000/v1",
});

const number = z.number().int().min(0).max(999);
const add = tool({
	description: "Adds two numbers.",
	inputSchema: z.object({ a: number, b: number }),
	execute: async ({ a, b }) => a + b,
});

const { toolResults } = await generateText({
	model: galley(process.env.MODEL ?? "starter-chat"),
	tools: { add },
	toolChoice: "required",
	prompt: process.argv[2] ?? "What is 4 plus 5?",
});

for (const { toolName, input, output } of toolResults)
	console.log(`${toolName}(${JSON.stringify(input)}) = ${output}`);
