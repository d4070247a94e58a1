import { pythonValue } from "./python-value.ts";

export interface CodeSample {
	id: "curl" | "python" | "javascript" | "langchain";
	title: string;
	language: string;
	/** What to install first; null for nothing. */
	install: string | null;
	code: string;
}

export type CodeTask = "chat" | "completions" | "embeddings" | "reranking";

interface CodeQuestion {
	/** `http://localhost:8000` */
	url: string;
	task: CodeTask;
	model: string;
	/** Exactly what would be sent, without the model. */
	body: Readonly<Record<string, unknown>>;
	/** The gateway asks for keys. */
	withKey: boolean;
}

const paths: Record<CodeTask, string> = {
	chat: "/v1/chat/completions",
	completions: "/v1/completions",
	embeddings: "/v1/embeddings",
	reranking: "/v1/ranking",
};

const generationArguments =
	"frequency_penalty logit_bias logprobs n presence_penalty seed stop stream stream_options temperature top_p user max_tokens";

/** What OpenAI's Python client takes by name; all else goes into its `extra_body`. */
const pythonNames: Record<CodeTask, ReadonlySet<string>> = {
	chat: new Set(
		`${generationArguments} messages max_completion_tokens parallel_tool_calls reasoning_effort response_format tool_choice tools top_logprobs`.split(
			" ",
		),
	),
	completions: new Set(
		`${generationArguments} prompt suffix echo best_of`.split(" "),
	),
	embeddings: new Set(["input", "dimensions", "encoding_format", "user"]),
	reranking: new Set(),
};

/** The request in four languages. Run, each sends this body and nothing else. */
export function requestCode(question: CodeQuestion): CodeSample[] {
	const isRanking = question.task === "reranking";
	return [
		{
			id: "curl",
			title: "curl",
			language: "bash",
			install: null,
			code: curl(question),
		},
		{
			id: "python",
			title: "Python",
			language: "python",
			install: isRanking ? "pip install requests" : "pip install openai",
			code: isRanking ? pythonRanking(question) : python(question),
		},
		{
			id: "javascript",
			title: "JavaScript",
			language: "javascript",
			install: isRanking ? null : "npm install openai",
			code: isRanking ? javascriptRanking(question) : javascript(question),
		},
		{
			id: "langchain",
			title: "LangChain",
			language: "python",
			install: isRanking
				? "pip install langchain-nvidia-ai-endpoints"
				: "pip install langchain-openai",
			code: langChain(question),
		},
	];
}

/** Pictures as long as a book don't belong into code that is read. */
export function withoutLongImages(body: Readonly<Record<string, unknown>>): {
	body: Record<string, unknown>;
	isShortened: boolean;
} {
	let isShortened = false;
	const text = JSON.stringify(body, (_key, value: unknown) => {
		if (typeof value !== "string" || value.length < 256) return value;
		const start = /^data:image\/[\w.+-]+;base64,/.exec(value)?.[0];
		if (start === undefined) return value;
		isShortened = true;
		return `${start}...`;
	});
	return { body: JSON.parse(text) as Record<string, unknown>, isShortened };
}

function curl({ url, task, model, body, withKey }: CodeQuestion): string {
	const json = JSON.stringify({ model, ...body }, null, 2);
	return [
		`curl${body.stream === true ? " -N" : ""} ${url}${paths[task]}`,
		...(withKey ? ['-H "Authorization: Bearer $GALLEY_API_KEY"'] : []),
		'-H "Content-Type: application/json"',
		`-d '${json.replaceAll("'", String.raw`'\''`)}'`,
	].join(" \\\n  ");
}

const pythonKey = (withKey: boolean) =>
	withKey ? 'os.environ["GALLEY_API_KEY"]' : '"none"';
const pythonImports = (withKey: boolean) => (withKey ? "import os\n\n" : "");

/** Named arguments, one a line. */
function named(
	values: Readonly<Record<string, unknown>>,
	spaces: number,
): string {
	const margin = " ".repeat(spaces);
	return Object.entries(values)
		.map(([name, value]) => `${margin}${name}=${pythonValue(value, spaces)},\n`)
		.join("");
}

function split(
	body: Readonly<Record<string, unknown>>,
	names: ReadonlySet<string>,
): [known: Record<string, unknown>, others: Record<string, unknown>] {
	const entries = Object.entries(body);
	return [
		Object.fromEntries(entries.filter(([name]) => names.has(name))),
		Object.fromEntries(entries.filter(([name]) => !names.has(name))),
	];
}

const isEmpty = (value: object) => Object.keys(value).length === 0;

function python({ url, task, model, body, withKey }: CodeQuestion): string {
	const [known, others] = split(body, pythonNames[task]);
	const extra = isEmpty(others) ? {} : { extra_body: others };
	const call = `client.${task === "chat" ? "chat.completions" : task}.create(\n${named({ model, ...known, ...extra }, 4)})`;
	const read = {
		chat: `stream = ${call}
for chunk in stream:
    if chunk.choices and chunk.choices[0].delta.content:
        print(chunk.choices[0].delta.content, end="", flush=True)`,
		completions: `stream = ${call}
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].text, end="", flush=True)`,
		embeddings: `response = ${call}
print([len(item.embedding) for item in response.data])`,
		reranking: "",
	};
	return `${pythonImports(withKey)}from openai import OpenAI

client = OpenAI(base_url=${JSON.stringify(`${url}/v1`)}, api_key=${pythonKey(withKey)})

${read[task]}`;
}

function pythonRanking({ url, task, model, body, withKey }: CodeQuestion) {
	const headers = withKey
		? `\n    headers={"Authorization": "Bearer " + ${pythonKey(true)}},`
		: "";
	return `${pythonImports(withKey)}import requests

response = requests.post(
    ${JSON.stringify(url + paths[task])},${headers}
    json=${pythonValue({ model, ...body }, 4)},
)
response.raise_for_status()
for ranking in response.json()["rankings"]:
    print(ranking["index"], ranking["logit"])`;
}

function javascript({ url, task, model, body, withKey }: CodeQuestion): string {
	const key = withKey ? "process.env.GALLEY_API_KEY" : '"none"';
	const json = JSON.stringify({ model, ...body }, null, 2);
	const method = task === "chat" ? "chat.completions" : task;
	const call = `await client.${method}.create(${json})`;
	const read = {
		chat: `const stream = ${call};
for await (const chunk of stream)
  process.stdout.write(chunk.choices[0]?.delta.content ?? "");`,
		completions: `const stream = ${call};
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.text ?? "");`,
		embeddings: `const response = ${call};
console.log(response.data.map(({ embedding }) => embedding.length));`,
		reranking: "",
	};
	return `import OpenAI from "openai";

const client = new OpenAI({ baseURL: ${JSON.stringify(`${url}/v1`)}, apiKey: ${key} });

${read[task]}`;
}

function javascriptRanking({ url, task, model, body, withKey }: CodeQuestion) {
	const key = withKey
		? '\n    Authorization: "Bearer " + process.env.GALLEY_API_KEY,'
		: "";
	const json = JSON.stringify({ model, ...body }, null, 2);
	return `const response = await fetch(${JSON.stringify(url + paths[task])}, {
  method: "POST",
  headers: {${key}
    "Content-Type": "application/json",
  },
  body: JSON.stringify(${json.replaceAll("\n", "\n  ")}),
});
if (!response.ok) throw new Error(await response.text());
const { rankings } = await response.json();
console.log(rankings);`;
}

/** What LangChain's models take by name. */
const langChainNames = new Set(
	"temperature top_p presence_penalty frequency_penalty seed logit_bias logprobs top_logprobs max_tokens reasoning_effort".split(
		" ",
	),
);

function langChain(question: CodeQuestion): string {
	const { url, task, model, withKey } = question;
	const access = {
		model,
		base_url: `${url}/v1`,
		api_key: { code: pythonKey(withKey) },
	};
	switch (task) {
		case "chat":
			return langChainChat(question, access);
		case "completions":
			return langChainCompletion(question, access);
		case "embeddings":
			return langChainEmbeddings(question, access);
		case "reranking":
			return langChainRanking(question, access);
	}
}

interface Access {
	model: string;
	base_url: string;
	api_key: { code: string };
}

/** A Python constructor call; `code` is written as it is. */
function construct(
	name: string,
	{ api_key: { code }, ...access }: Access,
	settings: Readonly<Record<string, unknown>>,
): string {
	return `${name}(\n${named(access, 4)}    api_key=${code},\n${named(settings, 4)})`;
}

function langChainChat(
	{ body, withKey }: CodeQuestion,
	access: Access,
): string {
	const {
		messages,
		stream: _stream,
		stream_options: _options,
		max_completion_tokens: maxTokens,
		tools,
		tool_choice: toolChoice,
		response_format: responseFormat,
		stop,
		...others
	} = body;
	const [settings, rest] = split(others, langChainNames);
	const bound = {
		...(tools === undefined ? {} : { tools, tool_choice: toolChoice }),
		...(responseFormat === undefined
			? {}
			: { response_format: responseFormat }),
		...(stop === undefined ? {} : { stop }),
	};
	const model = construct("ChatOpenAI", access, {
		...settings,
		...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
		stream_usage: true,
		...(isEmpty(rest) ? {} : { extra_body: rest }),
	});
	return `${pythonImports(withKey)}from langchain_openai import ChatOpenAI

llm = ${model}${isEmpty(bound) ? "" : `.bind(\n${named(bound, 4)})`}

for chunk in llm.stream(${pythonValue(messages ?? [], 0)}):
    print(chunk.content, end="", flush=True)`;
}

function langChainCompletion(
	{ body, withKey }: CodeQuestion,
	access: Access,
): string {
	const {
		prompt,
		stream: _stream,
		stream_options: _options,
		stop,
		...others
	} = body;
	const [settings, rest] = split(others, langChainNames);
	const [known, unknown] = split(rest, pythonNames.completions);
	const model = construct("OpenAI", access, {
		...settings,
		stream_usage: true,
		...(isEmpty(known) ? {} : { model_kwargs: known }),
		...(isEmpty(unknown) ? {} : { extra_body: unknown }),
	});
	const ending = stop === undefined ? "" : `, stop=${pythonValue(stop, 0)}`;
	return `${pythonImports(withKey)}from langchain_openai import OpenAI

llm = ${model}

for text in llm.stream(${pythonValue(prompt, 0)}${ending}):
    print(text, end="", flush=True)`;
}

function langChainEmbeddings(
	{ body, withKey }: CodeQuestion,
	access: Access,
): string {
	const { input, dimensions, ...others } = body;
	const model = construct("OpenAIEmbeddings", access, {
		...(dimensions === undefined ? {} : { dimensions }),
		// Otherwise it sends token ids of OpenAI's own models.
		check_embedding_ctx_length: false,
		...(isEmpty(others) ? {} : { model_kwargs: { extra_body: others } }),
	});
	return `${pythonImports(withKey)}from langchain_openai import OpenAIEmbeddings

embeddings = ${model}
vectors = embeddings.embed_documents(${pythonValue(input ?? [], 0)})
print([len(vector) for vector in vectors])`;
}

function langChainRanking(
	{ body, withKey }: CodeQuestion,
	access: Access,
): string {
	const query = (body.query as { text?: unknown } | undefined)?.text ?? "";
	const passages = (body.passages as { text: string }[] | undefined) ?? [];
	const documents = passages
		.map(({ text }) => `    Document(${pythonValue(text, 4)}),\n`)
		.join("");
	const model = construct("NVIDIARerank", access, { top_n: passages.length });
	return `${pythonImports(withKey)}from langchain_core.documents import Document
from langchain_nvidia_ai_endpoints import NVIDIARerank

reranker = ${model}
documents = [
${documents}]
for document in reranker.compress_documents(documents, ${pythonValue(query, 0)}):
    print(document.metadata["relevance_score"], document.page_content)`;
}
