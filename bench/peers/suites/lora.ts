import { createRandomSource } from "../../../src/benchmark/random-source.ts";
import type { ServerCommand } from "../../harness/server-process.ts";
import { ensureRandomAdapter } from "../../random-model/random-adapter.ts";
import { galley, llamaServers } from "../contenders.ts";
import type { Suite, SuiteContext } from "../suite.ts";
import { megabytes } from "./road-tables.ts";

const adapterCount = 8;
const rank = 16;
const sequences = 16;
const contextLength = 512;

interface LoadSize {
	requests: number;
	promptTokens: number;
	answerTokens: number;
}

const fullSize: LoadSize = { requests: 64, promptTokens: 64, answerTokens: 64 };
const quickSize: LoadSize = { requests: 16, promptTokens: 16, answerTokens: 8 };

interface Contender {
	server: ServerCommand;
	/** What request `index` says beside its prompt; nothing asks for the base model alone. */
	choose(index: number): Record<string, unknown>;
	isMixed: boolean;
}

interface Run {
	tokensPerSecond: number;
	failures: number;
}

/** Concurrent requests; null is all of them at once. */
const concurrencies = [16, null] as const;

/** Many adapters on one base model, against the base model alone. */
export const lora: Suite = {
	name: "lora",
	title: "LoRA: eight adapters at once against the base model alone",
	caseNames: [],
	async run(context) {
		const { model, threads, rounds, isQuick, log } = context;
		const adapters: string[] = [];
		for (let seed = 1; seed <= adapterCount; seed++)
			adapters.push(await ensureRandomAdapter(model.path, seed, rank));
		const size = isQuick ? quickSize : fullSize;
		const contenders = createContenders(context, adapters);
		const rows: string[][] = [];
		const data: Record<string, Run[]> = {};
		for (const concurrency of concurrencies) {
			const load =
				concurrency === null ? "all at once" : `${concurrency} at a time`;
			for (let round = 0; round < rounds; round++) {
				for (const contender of contenders) {
					const key = `${contender.server.name}, ${load}`;
					const run = await measure(context, contender, size, concurrency);
					data[key] = [...(data[key] ?? []), run];
					log(`${key}: ${run.tokensPerSecond.toFixed(1)} tokens/s`);
				}
			}
			const speedOf = (name: string) => median(data[`${name}, ${load}`] ?? []);
			for (const { server, isMixed } of contenders) {
				const speed = speedOf(server.name);
				const alone = speedOf(server.name.replace("8 adapters", "base model"));
				const failures = (data[`${server.name}, ${load}`] ?? []).reduce(
					(sum, run) => sum + run.failures,
					0,
				);
				rows.push([
					load,
					server.name,
					speed.toFixed(1),
					isMixed ? `${(speed / alone).toFixed(2)} x` : "",
					String(failures),
				]);
			}
		}
		return {
			conditions: [
				`model: ${model.name} (${megabytes(model.bytes)} MB), ${threads} threads each, ${sequences} slots`,
				`${adapterCount} random adapters of rank ${rank} on every attention and feed-forward matrix, f32`,
				`${size.requests} requests, each adapter's in turn; prompts of about ${size.promptTokens} random words, ${size.answerTokens} tokens each, temperature 0`,
				`median of ${rounds} round(s), a fresh server for each run`,
			],
			tables: [
				{
					title: "Generated tokens per second, all requests together",
					head: ["load", "server", "tokens/s", "of its base model", "failed"],
					rows,
				},
			],
			notes: [],
			data,
		};
	},
};

function createContenders(
	{ galleyMain, peer, model, threads }: SuiteContext,
	adapters: readonly string[],
): Contender[] {
	const options = {
		galleyMain,
		modelPath: model.path,
		threads,
		sequences,
		contextLength,
	};
	const nameOf = (index: number) => `adapter-${index % adapterCount}`;
	const ownFlags = adapters.flatMap((path, index) => [
		"--lora",
		`${nameOf(index)}=${path}`,
	]);
	const peerFlags = [
		...adapters.flatMap((path) => ["--lora", path]),
		"--lora-init-without-apply",
	];
	const none = () => ({});
	return [
		{
			server: galley(options, { name: "8 adapters", flags: ownFlags }),
			choose: (index) => ({ model: nameOf(index) }),
			isMixed: true,
		},
		{
			server: galley(options, { name: "base model" }),
			choose: none,
			isMixed: false,
		},
		...llamaServers(peer, options, {
			name: "8 adapters",
			flags: peerFlags,
		}).map((server) => ({
			server,
			choose: (index: number) => ({
				lora: [{ id: index % adapterCount, scale: 1 }],
			}),
			isMixed: true,
		})),
		...llamaServers(peer, options, { name: "base model" }).map((server) => ({
			server,
			choose: none,
			isMixed: false,
		})),
	];
}

async function measure(
	{ fleet }: SuiteContext,
	{ server, choose }: Contender,
	{ requests, promptTokens, answerTokens }: LoadSize,
	concurrency: number | null,
): Promise<Run> {
	const running = await fleet.start(server);
	const random = createRandomSource(11);
	const prompts = Array.from({ length: requests }, () =>
		Array.from({ length: promptTokens }, () => random.between(400, 4000)),
	);
	let next = 0;
	let tokens = 0;
	let failures = 0;
	const work = async () => {
		for (let index = next++; index < requests; index = next++) {
			const response = await fetch(`${running.url}/v1/completions`, {
				method: "POST",
				headers: { "content-type": "application/json" },
				body: JSON.stringify({
					prompt: prompts[index],
					max_tokens: answerTokens,
					temperature: 0,
					ignore_eos: true,
					...choose(index),
				}),
			});
			const answer = (await response.json()) as {
				usage?: { completion_tokens: number };
			};
			if (response.ok) tokens += answer.usage?.completion_tokens ?? 0;
			else failures++;
		}
	};
	const startedAt = performance.now();
	try {
		await Promise.all(
			Array.from({ length: concurrency ?? requests }, () => work()),
		);
		const seconds = (performance.now() - startedAt) / 1000;
		return { tokensPerSecond: tokens / seconds, failures };
	} finally {
		await running.stop();
	}
}

function median(runs: readonly Run[]): number {
	const sorted = runs
		.map(({ tokensPerSecond }) => tokensPerSecond)
		.sort((a, b) => a - b);
	return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
