// A chain of a prompt, the model and a parser, with LangChain:  npx tsx examples/langchain-chat.ts "a dog"
import { StringOutputParser } from "@langchain/core/output_parsers";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import { ChatOpenAI } from "@langchain/openai";

const model = new ChatOpenAI({
	model: process.env.MODEL ?? "starter-chat",
	apiKey: process.env.OPENAI_API_KEY ?? "no key needed",
	maxTokens: 60,
	configuration: {
		baseURL: process.env.OPENAI_BASE_URL ?? "http://127.0.0.1:8000/v1",
	},
});

const prompt = ChatPromptTemplate.fromMessages([
	["user", "Tell me a story about {subject}."],
]);
const chain = prompt.pipe(model).pipe(new StringOutputParser());

for await (const text of await chain.stream({
	subject: process.argv[2] ?? "a dog",
}))
	process.stdout.write(text);
console.log();
