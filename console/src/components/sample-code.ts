import { type CodeSample, type CodeTask, requestCode } from "./request-code.ts";

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
	/** Sampling settings that the request shall have, as the API names them. */
	settings?: Readonly<Record<string, unknown>> | undefined;
}

type AudioTask = "transcription" | "speech";

/** What a task's request says, when nobody says otherwise. */
const requests: Readonly<
	Record<
		Exclude<SampleTask, AudioTask>,
		{ task: CodeTask; body: Readonly<Record<string, unknown>> }
	>
> = {
	chat: {
		task: "chat",
		body: {
			messages: [{ role: "user", content: "Why is the sea salty?" }],
			stream: true,
		},
	},
	completion: {
		task: "completions",
		body: { prompt: "Once upon a time", max_tokens: 64, stream: true },
	},
	embedding: {
		task: "embeddings",
		body: { input: ["The sea is salty.", "Rivers carry minerals."] },
	},
	reranking: {
		task: "reranking",
		body: {
			query: { text: "Why is the sea salty?" },
			passages: [
				{ text: "Rivers wash minerals into the sea." },
				{ text: "Cats sleep most of the day." },
			],
		},
	},
};

/** A plain request of a task in the ways people send it, ready to run. */
export function codeSamples(question: SampleQuestion): CodeSample[] {
	const { task, url, model, withKey, settings = {} } = question;
	if (task === "transcription" || task === "speech")
		return audioSamples({ ...question, task });
	const request = requests[task];
	const isGeneration = task === "chat" || task === "completion";
	return requestCode({
		url,
		model,
		withKey,
		task: request.task,
		body: { ...request.body, ...(isGeneration ? settings : {}) },
	});
}

/** Sound goes and comes as files, which the playground doesn't send. */
function audioSamples(
	question: SampleQuestion & { task: AudioTask },
): CodeSample[] {
	return [
		{
			id: "curl",
			title: "curl",
			language: "bash",
			install: null,
			code: audioCurl(question),
		},
		{
			id: "python",
			title: "Python",
			language: "python",
			install: "pip install openai",
			code: audioPython(question),
		},
		{
			id: "javascript",
			title: "JavaScript",
			language: "javascript",
			install: "npm install openai",
			code: audioJavascript(question),
		},
	];
}

type AudioQuestion = SampleQuestion & { task: AudioTask };

const spoken = { input: "Welcome aboard.", voice: "default" };

function audioCurl({ url, model, task, withKey }: AudioQuestion): string {
	const key = withKey ? ['-H "Authorization: Bearer $GALLEY_API_KEY"'] : [];
	const lines =
		task === "transcription"
			? [
					`curl ${url}/v1/audio/transcriptions`,
					...key,
					`-F model=${shellQuote(model)}`,
					"-F file=@speech.wav",
				]
			: [
					`curl ${url}/v1/audio/speech`,
					...key,
					'-H "Content-Type: application/json"',
					`-d ${shellQuote(JSON.stringify({ model, ...spoken }))}`,
					"-o speech.wav",
				];
	return lines.join(" \\\n  ");
}

function audioPython({ url, model, task, withKey }: AudioQuestion): string {
	const key = withKey ? 'os.environ["GALLEY_API_KEY"]' : '"none"';
	const head = `${withKey ? "import os\n\n" : ""}from openai import OpenAI

client = OpenAI(base_url=${JSON.stringify(`${url}/v1`)}, api_key=${key})
`;
	const name = JSON.stringify(model);
	return task === "transcription"
		? `${head}
with open("speech.wav", "rb") as file:
    transcription = client.audio.transcriptions.create(model=${name}, file=file)
print(transcription.text)`
		: `${head}
speech = client.audio.speech.create(
    model=${name},
    input=${JSON.stringify(spoken.input)},
    voice=${JSON.stringify(spoken.voice)},
)
speech.write_to_file("speech.wav")`;
}

function audioJavascript({ url, model, task, withKey }: AudioQuestion): string {
	const key = withKey ? "process.env.GALLEY_API_KEY" : '"none"';
	const head = `import fs from "node:fs";
import OpenAI from "openai";

const client = new OpenAI({ baseURL: ${JSON.stringify(`${url}/v1`)}, apiKey: ${key} });
`;
	return task === "transcription"
		? `${head}
const transcription = await client.audio.transcriptions.create({
  model: ${JSON.stringify(model)},
  file: fs.createReadStream("speech.wav"),
});
console.log(transcription.text);`
		: `${head}
const speech = await client.audio.speech.create(${JSON.stringify({ model, ...spoken }, null, 2)});
fs.writeFileSync("speech.wav", Buffer.from(await speech.arrayBuffer()));`;
}

function shellQuote(text: string): string {
	return /^[\w./:@-]+$/.test(text)
		? text
		: `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
