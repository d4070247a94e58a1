// Streams a message through the official Anthropic client:  npx tsx examples/anthropic-messages.ts "Tell me a story"
import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({
	baseURL: process.env.ANTHROPIC_BASE_URL ?? "http://127.0.0.1:8000",
	apiKey: process.env.ANTHROPIC_API_KEY ?? "no key needed",
});

const conversation = {
	model: process.env.MODEL ?? "starter-chat",
	messages: [
		{ role: "user" as const, content: process.argv[2] ?? "Tell me a story." },
	],
};

const { input_tokens } = await client.messages.countTokens(conversation);
console.log(`${input_tokens} tokens in the prompt`);

const stream = client.messages
	.stream({ ...conversation, max_tokens: 60 })
	.on("text", (text) => process.stdout.write(text));
const message = await stream.finalMessage();
console.log(
	`\n\n${message.usage.output_tokens} tokens, ${message.stop_reason}`,
);
