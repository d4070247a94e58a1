// An answer that fits a schema, parsed:  npx tsx examples/openai-structured-output.ts "Ann is 34 years old."
import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";

const client = new OpenAI({
	baseURL: process.env.OPENAI_BASE_URL ?? "http://127.0.0.1:8000/v1",
	apiKey: process.env.OPENAI_API_KEY ?? "no key needed",
});

const Person = z.object({
	name: z.string().max(40),
	age: z.int().min(0).max(150),
	mood: z.enum(["happy", "sad", "neither"]),
});

const [model] = (await client.models.list()).data;
const answer = await client.chat.completions.parse({
	model: model?.id ?? "",
	messages: [{ role: "user", content: process.argv[2] ?? "Invent a person." }],
	response_format: zodResponseFormat(Person, "person"),
});

console.log(answer.choices[0]?.message.parsed);
