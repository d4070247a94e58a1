/** The two servers of the comparison, and how the same thing is asked of each. */
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { findLlamaPeer } from "../peers/llama-peer.ts";

const startTimeoutMs = 120_000;
export const promptCount = 100;
export const answerTokens = 24;
export const alternatives = 5;

export interface Position {
	token: string;
	logprob: number;
	/** By the token's text. */
	top: ReadonlyMap<string, number>;
}

const subjects = ["a cat", "the river", "seven ships", "my sister", "rain"];
const openings = [
	"Tell me a story about",
	"Once upon a time there was",
	"The teacher wrote a letter to",
	"What do you know about",
];

export function toPrompts(): string[] {
	return Array.from({ length: promptCount }, (_, index) => {
		const opening = openings[index % openings.length];
		const subject =
			subjects[Math.floor(index / openings.length) % subjects.length];
		return `${opening} ${subject}, number ${index}.`;
	});
}

export async function post<Answer>(url: string, body: object): Promise<Answer> {
	const answer = await fetch(url, {
		method: "POST",
		headers: { "content-type": "application/json" },
		body: JSON.stringify(body),
		signal: AbortSignal.timeout(60_000),
	});
	if (!answer.ok) throw new Error(`${url}: ${await answer.text()}`);
	return (await answer.json()) as Answer;
}

export async function askGalley(
	url: string,
	prompt: number[],
): Promise<Position[]> {
	const { choices } = await post<{
		choices: {
			logprobs: {
				tokens: string[];
				token_logprobs: number[];
				top_logprobs: Record<string, number>[];
			};
		}[];
	}>(`${url}/v1/completions`, {
		prompt,
		max_tokens: answerTokens,
		temperature: 0,
		ignore_eos: true,
		logprobs: alternatives,
	});
	const { logprobs } = choices[0] ?? {};
	return (logprobs?.tokens ?? []).map((token, index) => ({
		token,
		logprob: logprobs?.token_logprobs[index] ?? Number.NaN,
		top: new Map(Object.entries(logprobs?.top_logprobs[index] ?? {})),
	}));
}

export async function askPeer(
	url: string,
	prompt: number[],
): Promise<Position[]> {
	interface Entry {
		token: string;
		logprob: number;
	}
	const { completion_probabilities: positions } = await post<{
		completion_probabilities: (Entry & { top_logprobs: Entry[] })[];
	}>(`${url}/completion`, {
		prompt,
		n_predict: answerTokens,
		temperature: 0,
		ignore_eos: true,
		n_probs: alternatives,
		cache_prompt: false,
	});
	return positions.map(({ token, logprob, top_logprobs: top }) => ({
		token,
		logprob,
		top: new Map(top.map((entry) => [entry.token, entry.logprob])),
	}));
}

async function freePort(): Promise<number> {
	const server = createServer();
	await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
	const { port } = server.address() as { port: number };
	await new Promise((done) => server.close(done));
	return port;
}

export async function startPeer(model: string) {
	const peer = findLlamaPeer();
	if (peer === null)
		throw new Error(
			"llama-server is not built: npm run bench -- peers builds it.",
		);
	const port = await freePort();
	const flags = ["-m", model, "--host", "127.0.0.1", "--port", String(port)];
	const child = spawn(
		peer.server,
		[...flags, "-t", "2", "-np", "1", "-c", "1024", "--no-ui"],
		{ stdio: "ignore" },
	);
	const url = `http://127.0.0.1:${port}`;
	const until = performance.now() + startTimeoutMs;
	while (performance.now() < until) {
		const health = await fetch(`${url}/health`, {
			signal: AbortSignal.timeout(2_000),
		}).catch(() => null);
		if (health?.ok === true) return { url, stop: () => child.kill() };
		if (child.exitCode !== null) break;
		await new Promise((done) => setTimeout(done, 100));
	}
	child.kill();
	throw new Error("llama-server did not become ready.");
}
