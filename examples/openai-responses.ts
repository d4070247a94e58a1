// Two turns with the Responses API; the service keeps the conversation:  npx tsx examples/openai-responses.ts
import OpenAI from "openai";

const client = new OpenAI({
	baseURL: process.env.OPENAI_BASE_URL ?? "http://127.0.0.1:8000/v1",
	apiKey: process.env.OPENAI_API_KEY ?? "no key needed",
});

const [model] = (await client.models.list()).data;
const first = await client.responses.create({
	model: model?.id ?? "",
	input: process.argv[2] ?? "Tell me a story.",
	max_output_tokens: 60,
});
console.log(first.output_text);

const second = await client.responses.create({
	model: model?.id ?? "",
	previous_response_id: first.id,
	input: "And then?",
	max_output_tokens: 60,
	stream: true,
});
for await (const event of second) {
	if (event.type === "response.output_text.delta")
		process.stdout.write(event.delta);
	if ("response" in event && event.response.status !== "in_progress")
		console.log(`\n\n${event.response.status}`);
}
