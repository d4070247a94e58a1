// An object that fits a schema, with the AI SDK:  npx tsx examples/ai-sdk-generate-object.ts "Invent a person"
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateObject } from "ai";
import { z } from "zod";

const galley = createOpenAICompatible({
	name: "galley",
	baseURL: process.env.OPENAI_BASE_URL ?? "http://127.0.0.1:8000/v1",
	supportsStructuredOutputs: true,
});

const { object } = await generateObject({
	model: galley(process.env.MODEL ?? "starter-chat"),
	schema: z.object({
		name: z.string().max(40),
		age: z.number().int().min(0).max(150),
	}),
	temperature: 0,
	prompt: process.argv[2] ?? "Invent a person.",
});

console.log(object);
