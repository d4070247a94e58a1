// Streams a text with the AI SDK:  npx tsx examples/ai-sdk-stream-text.ts "Tell me a story"
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { streamText } from "ai";

const galley = createOpenAICompatible({
	name: "galley",
	baseURL: process.env.OPENAI_BASE_URL ?? "http://127.0.0.1:8000/v1",
	includeUsage: true,
});

const { textStream, usage } = streamText({
	model: galley(process.env.MODEL ?? "starter-chat"),
	prompt: process.argv[2] ?? "Tell me a story.",
	maxOutputTokens: 60,
});

for await (const text of textStream) process.stdout.write(text);
console.log(`\n\n${(await usage).outputTokens} tokens`);
