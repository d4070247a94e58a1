/**
 * `npm run bench -- same-as-llama-server [FILE]`: greedy answers and log-probabilities of 100 prompts, from Galley and from
 * llama.cpp's own server, with the same file and the same token ids.
 *
 * Both add floating-point numbers in another order (other batches, another layout of the KV cache, other builds of the
 * kernels), which alone is some 1e-6. But Q8_0 weights are multiplied with activations that are rounded to 8 bits first: now
 * and then a sum lies on the other side of a rounding boundary, and one step of 1/127 stays in the KV cache from there on.
 * So the shipped file is compared, and the same weights written as F32, where only the KV cache is rounded: what differs
 * there is a difference of the programs, and has a narrow tolerance. What rounding may do is measured too: Galley with the one file
 * against Galley with the other, which rounds every activation or none. The servers must be much closer than that.
 * Where two texts part, the two tokens' log-probabilities must be closer than the largest difference that is allowed, and
 * behind the place nothing is compared.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startService } from "../../test/start-service.ts";
import { describeEnvironment } from "../harness/environment.ts";
import { llamaRelease } from "../peers/llama-peer.ts";
import { dequantize } from "./dequantize.ts";
import {
	alternatives,
	answerTokens,
	askGalley,
	askPeer,
	type Position,
	post,
	promptCount,
	startPeer,
	toPrompts,
} from "./servers.ts";

const shipped = fileURLToPath(
	new URL("../../models/starter-chat/starter-chat-q8_0.gguf", import.meta.url),
);
/**
 * Natural logarithm. Sums of a few hundred products in another order, and a KV cache of half-precision numbers, whose last bit
 * is 5e-4 of a value.
 */
const exactTolerance = { median: 1e-4, largest: 5e-3 };
/** Of what rounding all activations does: its median, and its largest. */
const roundedShare = { median: 0.01, largest: 1 };

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

async function answersOf(model: string): Promise<{
	ours: Position[][];
	theirs: Position[][];
}> {
	const ours: Position[][] = [];
	const theirs: Position[][] = [];
	const peer = await startPeer(model);
	try {
		await using service = await startService(model);
		for (const text of toPrompts()) {
			const { tokens } = await post<{ tokens: number[] }>(
				`${service.url}/tokenize`,
				{ prompt: text },
			);
			ours.push(await askGalley(service.url, tokens));
			theirs.push(await askPeer(peer.url, tokens));
		}
	} finally {
		peer.stop();
	}
	return { ours, theirs };
}

function compareAll(ours: Position[][], theirs: Position[][]): Tally {
	const tally: Tally = {
		sameTexts: 0,
		positions: 0,
		differences: [],
		gaps: [],
	};
	for (const [index, own] of ours.entries())
		compare(tally, own, theirs[index] ?? []);
	tally.differences.sort((left, right) => left - right);
	return tally;
}

function at({ differences }: Tally, share: number): number {
	const index = Math.floor(share * differences.length);
	return differences[Math.min(differences.length - 1, index)] ?? 0;
}

const largestGap = ({ gaps }: Tally) => Math.max(0, ...gaps);

const folder = mkdtempSync(join(tmpdir(), "galley-same-"));
const exact = join(folder, "starter-chat-f32.gguf");
try {
	await dequantize(shipped, exact);
	const rounded = await answersOf(shipped);
	const unrounded = await answersOf(exact);
	report(
		compareAll(rounded.ours, rounded.theirs),
		compareAll(unrounded.ours, unrounded.theirs),
		compareAll(rounded.ours, unrounded.ours),
	);
} finally {
	rmSync(folder, { recursive: true, force: true });
}

function report(rounded: Tally, unrounded: Tally, effect: Tally): void {
	const limits = {
		median: at(effect, 0.5) * roundedShare.median,
		largest: at(effect, 1) * roundedShare.largest,
	};
	const isSame =
		rounded.positions > 0 &&
		unrounded.positions > 0 &&
		at(unrounded, 0.5) <= exactTolerance.median &&
		at(unrounded, 1) <= exactTolerance.largest &&
		largestGap(unrounded) <= exactTolerance.largest &&
		at(rounded, 0.5) <= limits.median &&
		at(rounded, 1) <= limits.largest &&
		largestGap(rounded) <= limits.largest;
	const row = (what: string, value: (tally: Tally) => string) =>
		`| ${what} | ${value(unrounded)} | ${value(rounded)} | ${value(effect)} |`;
	const written = (share: number) => (tally: Tally) =>
		at(tally, share).toExponential(1);
	const environment = describeEnvironment();
	const text = `# The same answers as llama-server

- ${new Date().toISOString().slice(0, 10)}, llama.cpp ${llamaRelease}, starter-chat-q8_0.gguf and the same weights as F32, ${promptCount} prompts, ${answerTokens} tokens each, temperature 0, end of answer ignored
- ${environment.cpu}, ${environment.cpus} cores, ${environment.platform}, Node ${environment.node}, commit ${environment.commit}
- both got the same token ids; compared are the chosen tokens and the ${alternatives} likeliest of each place, natural logarithm
- with F32 weights only the KV cache is rounded (half precision): a difference there is one of the programs. Allowed: median ${exactTolerance.median}, largest ${exactTolerance.largest}
- with Q8_0 weights activations are rounded to 8 bits: a sum that differs by 1e-6 now and then tips over a rounding boundary, and the KV cache keeps the jump. The last column says what rounding all of them does (Galley with the one file against Galley with the other); allowed: ${roundedShare.median} of its median, ${roundedShare.largest} of its largest

|  | F32: Galley, llama-server | Q8_0: Galley, llama-server | Galley: Q8_0, F32 |
| --- | --: | --: | --: |
${[
	row(
		"texts that are the same to the end",
		({ sameTexts }) => `${sameTexts} of ${promptCount}`,
	),
	row("places compared", ({ positions }) => String(positions)),
	row("log-probabilities compared", ({ differences }) =>
		String(differences.length),
	),
	row("difference, median", written(0.5)),
	row("difference, 99th percentile", written(0.99)),
	row("difference, largest", written(1)),
	row("distance of the two tokens where texts part, largest", (tally) =>
		tally.gaps.length === 0 ? "-" : largestGap(tally).toExponential(1),
	),
].join("\n")}

${isSame ? "Within the tolerance." : "NOT within the tolerance."} Again: \`npm run bench -- same-as-llama-server\`
`;
	console.log(text);
	const [output] = process.argv.slice(2);
	if (output !== undefined) writeFileSync(output, text);
	if (!isSame) process.exitCode = 1;
}
