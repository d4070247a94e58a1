// Streams a chat through the official OpenAI client:  npx tsx examples/openai-chat.ts "Tell me a story"
import OpenAI from "openai";

const client = new OpenAI({
	baseURL: process.env.OPENAI_BASE_URL ?? "http://127.0.0.1:8000/v1",
	apiKey: process.env.OPENAI_API_KEY ?? "no key needed",
});

const [model] = (await client.models.list()).data;
if (model === undefined) throw new Error("The service has no models.");

const stream = await client.chat.completions.create({
	model: model.id,
	messages: [{ role: "user", content: process.argv[2] ?? "Tell me a story." }],
	stream: true,
	stream_options: { include_usage: true },
});

for await (const chunk of stream) {
	process.stdout.write(chunk.choices[0]?.delta.content ?? "");
	if (chunk.usage) {
		console.log(`\n\n${chunk.usage.completion_tokens} tokens by ${model.id}`);
	}
}
