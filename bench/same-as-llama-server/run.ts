/**
 * `npm run bench -- same-as-llama-server`: greedy answers and log-probabilities of 100 prompts, from Galley and from
 * llama.cpp's own server, with the same file and the same token ids. Both add floating-point numbers in another order
 * (other batches, another layout of the KV cache, other builds of the kernels), which alone is some 1e-6. But Q8_0 weights are
 * multiplied with activations that are rounded to 8 bits first: now and then a sum lies on the other side of a rounding
 * boundary, and one step of 1/127 makes it 1e-2 from there on, as it stays in the KV cache. Measured with the same weights
 * written as F32: no such jumps, 4e-4 at most (8 prompts). So three tolerances: a median without jumps, and room for them in the tail.
 * Where two texts part, the two tokens' log-probabilities must be closer than the largest, and behind the place nothing is
 * compared.
 */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { startService } from "../../test/start-service.ts";
import { describeEnvironment } from "../harness/environment.ts";
import { findLlamaPeer, llamaRelease } from "../peers/llama-peer.ts";

const tolerance = { median: 1e-4, p99: 0.05, largest: 0.1 };
const startTimeoutMs = 120_000;
const promptCount = 100;
const answerTokens = 24;
const alternatives = 5;
const model = fileURLToPath(
	new URL("../../models/starter-chat/starter-chat-q8_0.gguf", import.meta.url),
);

interface Position {
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

function toPrompts(): string[] {
	return Array.from({ length: promptCount }, (_, index) => {
		const opening = openings[index % openings.length];
		const subject =
			subjects[Math.floor(index / openings.length) % subjects.length];
		return `${opening} ${subject}, number ${index}.`;
	});
}

async function post<Answer>(url: string, body: object): Promise<Answer> {
	const answer = await fetch(url, {
		method: "POST",
		headers: { "content-type": "application/json" },
		body: JSON.stringify(body),
		signal: AbortSignal.timeout(60_000),
	});
	if (!answer.ok) throw new Error(`${url}: ${await answer.text()}`);
	return (await answer.json()) as Answer;
}

async function askGalley(url: string, prompt: number[]): Promise<Position[]> {
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

async function askPeer(url: string, prompt: number[]): Promise<Position[]> {
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

async function startPeer() {
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

interface Tally {
	sameTexts: number;
	positions: number;
	differences: number[];
	/** Where two texts part: how close the two tokens were. */
	gaps: number[];
}

function compare(tally: Tally, ours: Position[], theirs: Position[]): void {
	for (const [index, own] of ours.entries()) {
		const other = theirs[index];
		if (other === undefined) return;
		if (own.token !== other.token) {
			const runnerUp = other.top.get(own.token) ?? Number.NEGATIVE_INFINITY;
			tally.gaps.push(other.logprob - runnerUp);
			return;
		}
		tally.positions++;
		tally.differences.push(Math.abs(own.logprob - other.logprob));
		for (const [token, logprob] of own.top) {
			const same = other.top.get(token);
			if (same !== undefined) tally.differences.push(Math.abs(logprob - same));
		}
	}
	tally.sameTexts++;
}

const environment = describeEnvironment();
const tally: Tally = { sameTexts: 0, positions: 0, differences: [], gaps: [] };
const peer = await startPeer();
try {
	await using service = await startService(model);
	for (const text of toPrompts()) {
		const { tokens } = await post<{ tokens: number[] }>(
			`${service.url}/tokenize`,
			{ prompt: text },
		);
		const [ours, theirs] = [
			await askGalley(service.url, tokens),
			await askPeer(peer.url, tokens),
		];
		compare(tally, ours, theirs);
	}
} finally {
	peer.stop();
}

const { differences, gaps } = tally;
differences.sort((left, right) => left - right);
const at = (share: number) =>
	differences[
		Math.min(differences.length - 1, Math.floor(share * differences.length))
	] ?? 0;
const worst = at(1);
const worstGap = Math.max(0, ...gaps);
const isSame =
	tally.positions > 0 &&
	at(0.5) <= tolerance.median &&
	at(0.99) <= tolerance.p99 &&
	worst <= tolerance.largest &&
	worstGap <= tolerance.largest;
const report = `# The same answers as llama-server

- ${new Date().toISOString().slice(0, 10)}, llama.cpp ${llamaRelease}, starter-chat-q8_0.gguf, ${promptCount} prompts, ${answerTokens} tokens each, temperature 0, end of answer ignored
- ${environment.cpu}, ${environment.cpus} cores, ${environment.platform}, Node ${environment.node}, commit ${environment.commit}
- both got the same token ids; compared are the chosen tokens and the ${alternatives} likeliest of each place
- tolerance (natural logarithm): median ${tolerance.median}, 99th percentile ${tolerance.p99}, largest ${tolerance.largest}; the latter for two tokens to change places too
- both add in another order, some 1e-6; as activations are rounded to 8 bits (Q8_0), that now and then tips a value over a rounding boundary: a jump of 1e-2 that the KV cache keeps to the end of the text

|  |  |
| --- | --: |
| texts that are the same to the end | ${tally.sameTexts} of ${promptCount} |
| places compared | ${tally.positions} |
| log-probabilities compared | ${differences.length} |
| difference, median | ${at(0.5).toExponential(1)} |
| difference, 99th percentile | ${at(0.99).toExponential(1)} |
| difference, largest | ${worst.toExponential(1)} |
| texts that part | ${gaps.length} |
| distance of the two tokens there, largest | ${gaps.length === 0 ? "-" : worstGap.toExponential(1)} |

${isSame ? "Within the tolerance." : "NOT within the tolerance."} Again: \`npm run bench -- same-as-llama-server\`
`;
console.log(report);
const [output] = process.argv.slice(2);
if (output !== undefined) writeFileSync(output, report);
if (!isSame) process.exitCode = 1;
