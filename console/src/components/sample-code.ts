export type SampleTask =
	| "chat"
	| "completion"
	| "embedding"
	| "reranking"
	| "transcription"
	| "speech";

export interface SampleQuestion {
	/** `http://localhost:8000` */
	url: string;
	model: string;
	task: SampleTask;
	/** The gateway asks for keys. */
	withKey: boolean;
	/** Fields of the request's body beside the model; the playground gives what it would send. */
	body?: Readonly<Record<string, unknown>> | undefined;
}

export interface CodeSample {
	id: "curl" | "python" | "javascript" | "langchain";
	title: string;
	language: string;
	/** What to install first; null for nothing. */
	install: string | null;
	code: string;
}

const paths: Record<SampleTask, string> = {
	chat: "/v1/chat/completions",
	completion: "/v1/completions",
	embedding: "/v1/embeddings",
	reranking: "/v1/ranking",
	transcription: "/v1/audio/transcriptions",
	speech: "/v1/audio/speech",
};

/** What a task's request says, when nobody says otherwise. */
export function defaultBody(task: SampleTask): Record<string, unknown> {
	switch (task) {
		case "chat":
			return {
				messages: [{ role: "user", content: "Why is the sea salty?" }],
				stream: true,
			};
		case "completion":
			return { prompt: "Once upon a time", max_tokens: 64 };
		case "embedding":
			return { input: ["The sea is salty.", "Rivers carry minerals."] };
		case "reranking":
			return {
				query: { text: "Why is the sea salty?" },
				passages: [
					{ text: "Rivers wash minerals into the sea." },
					{ text: "Cats sleep most of the day." },
				],
			};
		case "speech":
			return { input: "Welcome aboard.", voice: "default" };
		case "transcription":
			return {};
	}
}

/** The same request in the ways people send it, ready to run. */
export function codeSamples(question: SampleQuestion): CodeSample[] {
	const { task } = question;
	const body = question.body ?? defaultBody(task);
	const asked = { ...question, body };
	const samples: CodeSample[] = [
		{
			id: "curl",
			title: "curl",
			language: "bash",
			install: null,
			code: curl(asked),
		},
		{
			id: "python",
			title: "Python",
			language: "python",
			install:
				task === "reranking" ? "pip install requests" : "pip install openai",
			code: python(asked),
		},
		{
			id: "javascript",
			title: "JavaScript",
			language: "javascript",
			install: task === "reranking" ? null : "npm install openai",
			code: javascript(asked),
		},
	];
	const langchain = langChain(asked);
	if (langchain !== null)
		samples.push({
			id: "langchain",
			title: "LangChain",
			language: "python",
			install:
				task === "reranking"
					? "pip install langchain-nvidia-ai-endpoints"
					: "pip install langchain-openai",
			code: langchain,
		});
	return samples;
}

type Asked = SampleQuestion & { body: Readonly<Record<string, unknown>> };

function curl({ url, model, task, withKey, body }: Asked): string {
	const lines = [`curl ${url}${paths[task]}`];
	if (withKey) lines.push('-H "Authorization: Bearer $GALLEY_API_KEY"');
	if (task === "transcription") {
		lines.push(`-F model=${shellQuote(model)}`, "-F file=@speech.wav");
		return lines.join(" \\\n  ");
	}
	lines.push('-H "Content-Type: application/json"');
	const json = JSON.stringify({ model, ...body }, null, 2);
	lines.push(`-d '${json.replaceAll("'", String.raw`'\''`)}'`);
	if (task === "speech") lines.push("-o speech.wav");
	if (body.stream === true) lines[0] = `curl -N ${url}${paths[task]}`;
	return lines.join(" \\\n  ");
}

function python({ url, model, task, withKey, body }: Asked): string {
	const key = withKey ? 'os.environ["GALLEY_API_KEY"]' : '"none"';
	if (task === "reranking") {
		const headers = withKey
			? `\n    headers={"Authorization": f"Bearer {os.environ['GALLEY_API_KEY']}"},`
			: "";
		return `${withKey ? "import os\n" : ""}import requests

response = requests.post(
    ${JSON.stringify(url + paths[task])},${headers}
    json=${pythonValue({ model, ...body }, 4)},
)
for ranking in response.json()["rankings"]:
    print(ranking["index"], ranking["logit"])`;
	}
	const head = `${withKey ? "import os\n" : ""}from openai import OpenAI

client = OpenAI(base_url="${url}/v1", api_key=${key})
`;
	const given = pythonArguments({ model, ...body }, task);
	switch (task) {
		case "chat":
			return body.stream === true
				? `${head}
stream = client.chat.completions.create(
${given}
)
for chunk in stream:
    if chunk.choices and chunk.choices[0].delta.content:
        print(chunk.choices[0].delta.content, end="", flush=True)`
				: `${head}
completion = client.chat.completions.create(
${given}
)
print(completion.choices[0].message.content)`;
		case "completion":
			return body.stream === true
				? `${head}
stream = client.completions.create(
${given}
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].text, end="", flush=True)`
				: `${head}
completion = client.completions.create(
${given}
)
print(completion.choices[0].text)`;
		case "embedding":
			return `${head}
response = client.embeddings.create(
${given}
)
print(len(response.data[0].embedding))`;
		case "transcription":
			return `${head}
with open("speech.wav", "rb") as file:
    transcription = client.audio.transcriptions.create(model=${JSON.stringify(model)}, file=file)
print(transcription.text)`;
		case "speech":
			return `${head}
speech = client.audio.speech.create(
${given}
)
speech.write_to_file("speech.wav")`;
	}
}

function javascript({ url, model, task, withKey, body }: Asked): string {
	if (task === "reranking") {
		const key = withKey
			? `\n    Authorization: "Bearer " + process.env.GALLEY_API_KEY,`
			: "";
		return `const response = await fetch(${JSON.stringify(url + paths[task])}, {
  method: "POST",
  headers: {${key}
    "Content-Type": "application/json",
  },
  body: JSON.stringify(${indent(JSON.stringify({ model, ...body }, null, 2), 2)}),
});
const { rankings } = await response.json();
console.log(rankings);`;
	}
	const key = withKey ? "process.env.GALLEY_API_KEY" : '"none"';
	const file = task === "transcription" || task === "speech";
	const head = `${file ? 'import fs from "node:fs";\n' : ""}import OpenAI from "openai";

const client = new OpenAI({ baseURL: "${url}/v1", apiKey: ${key} });
`;
	const given = JSON.stringify({ model, ...body }, null, 2);
	switch (task) {
		case "chat":
			return body.stream === true
				? `${head}
const stream = await client.chat.completions.create(${given});
for await (const chunk of stream)
  process.stdout.write(chunk.choices[0]?.delta.content ?? "");`
				: `${head}
const completion = await client.chat.completions.create(${given});
console.log(completion.choices[0].message.content);`;
		case "completion":
			return body.stream === true
				? `${head}
const stream = await client.completions.create(${given});
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.text ?? "");`
				: `${head}
const completion = await client.completions.create(${given});
console.log(completion.choices[0].text);`;
		case "embedding":
			return `${head}
const response = await client.embeddings.create(${given});
console.log(response.data[0].embedding.length);`;
		case "transcription":
			return `${head}
const transcription = await client.audio.transcriptions.create({
  model: ${JSON.stringify(model)},
  file: fs.createReadStream("speech.wav"),
});
console.log(transcription.text);`;
		case "speech":
			return `${head}
const speech = await client.audio.speech.create(${given});
fs.writeFileSync("speech.wav", Buffer.from(await speech.arrayBuffer()));`;
	}
}

function langChain({ url, model, task, withKey, body }: Asked): string | null {
	const key = withKey ? 'os.environ["GALLEY_API_KEY"]' : '"none"';
	const os = withKey ? "import os\n" : "";
	if (task === "chat") {
		const { temperature, max_tokens: maxTokens, messages } = body;
		const settings = [
			`model=${JSON.stringify(model)}`,
			`base_url="${url}/v1"`,
			`api_key=${key}`,
			...(typeof temperature === "number"
				? [`temperature=${temperature}`]
				: []),
			...(typeof maxTokens === "number" ? [`max_tokens=${maxTokens}`] : []),
		];
		return `${os}from langchain_openai import ChatOpenAI

llm = ChatOpenAI(
${settings.map((line) => `    ${line},`).join("\n")}
)
for chunk in llm.stream(${pythonValue(messages ?? [], 0)}):
    print(chunk.content, end="", flush=True)`;
	}
	if (task === "embedding")
		return `${os}from langchain_openai import OpenAIEmbeddings

embeddings = OpenAIEmbeddings(
    model=${JSON.stringify(model)},
    base_url="${url}/v1",
    api_key=${key},
    check_embedding_ctx_length=False,
)
vectors = embeddings.embed_documents(${pythonValue(body.input ?? [], 0)})
print(len(vectors[0]))`;
	if (task === "reranking")
		return `${os}from langchain_core.documents import Document
from langchain_nvidia_ai_endpoints import NVIDIARerank

reranker = NVIDIARerank(model=${JSON.stringify(model)}, base_url="${url}/v1"${withKey ? `, api_key=${key}` : ""})
documents = [
    Document("Rivers wash minerals into the sea."),
    Document("Cats sleep most of the day."),
]
for document in reranker.compress_documents(documents, "Why is the sea salty?"):
    print(document.metadata["relevance_score"], document.page_content)`;
	return null;
}

/** Parameters that OpenAI's Python client does not know go into its `extra_body`. */
const extensions = new Set(
	"top_k min_p repetition_penalty ignore_eos min_tokens guided_json guided_regex guided_choice guided_grammar stop_token_ids chat_template_kwargs truncate input_type priority".split(
		" ",
	),
);

function pythonArguments(
	body: Readonly<Record<string, unknown>>,
	task: SampleTask,
): string {
	const known = Object.entries(body).filter(([name]) => !extensions.has(name));
	const extra = Object.entries(body).filter(([name]) => extensions.has(name));
	const lines = known.map(
		([name, value]) => `    ${name}=${pythonValue(value, 4)},`,
	);
	if (extra.length > 0 && task !== "reranking")
		lines.push(`    extra_body=${pythonValue(Object.fromEntries(extra), 4)},`);
	return lines.join("\n");
}

/** A JSON value as Python writes it. */
export function pythonValue(value: unknown, spaces: number): string {
	if (value === null || value === undefined) return "None";
	if (value === true) return "True";
	if (value === false) return "False";
	if (typeof value === "number") return String(value);
	if (typeof value === "string") return JSON.stringify(value);
	const inner = " ".repeat(spaces + 4);
	const items = Array.isArray(value)
		? value.map((item) => pythonValue(item, spaces + 4))
		: Object.entries(value).map(
				([name, item]) =>
					`${JSON.stringify(name)}: ${pythonValue(item, spaces + 4)}`,
			);
	const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
	const oneLine = `${open}${items.join(", ")}${close}`;
	if (!oneLine.includes("\n") && oneLine.length <= 72 - spaces) return oneLine;
	return `${open}\n${items.map((item) => `${inner}${item},`).join("\n")}\n${" ".repeat(spaces)}${close}`;
}

function indent(text: string, spaces: number): string {
	return text.replaceAll("\n", `\n${" ".repeat(spaces)}`);
}

function shellQuote(text: string): string {
	return /^[\w./:@-]+$/.test(text)
		? text
		: `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
