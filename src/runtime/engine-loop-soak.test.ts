import { afterEach, describe, expect, test } from "vitest";
import { createRandomSource } from "../benchmark/random-source.ts";
import { defaultSampling } from "../core/generation-request.ts";
import type { Engine, EngineOptions, KvLayout } from "../engine/engine.ts";
import { createFakeModule } from "../engine/fake/fake.ts";
import { EngineLoop } from "./engine-loop.ts";
import type { EngineMessage, SubmittedRequest } from "./engine-protocol.ts";
import { SavedStates } from "./saved-states.ts";
import type { SchedulingOptions } from "./scheduling-options.ts";

const opened: Engine[] = [];
afterEach(() => {
	for (const engine of opened.splice(0)) engine[Symbol.dispose]();
});

const engineOptions: EngineOptions = {
	modelPath: "fake:?tokenMs=0.02",
	contextLength: 128,
	maxSequences: 4,
	kvCells: 512,
	kvLayout: "streams",
	kvTypeK: "f16",
	kvTypeV: "f16",
	maxBatchTokens: 48,
	microBatchTokens: 48,
	threads: 1,
	threadsBatch: 1,
	flashAttention: "auto",
	gpuLayers: 0,
	memoryMap: false,
	memoryLock: false,
};

const scheduling: SchedulingOptions = {
	maxLogitRows: 32,
	targetItlMs: null,
	prefixCache: true,
	maxIdleCells: 100,
	speculation: true,
	hostCacheBytes: 40_000,
	prefixCacheDirectory: null,
	prefixCacheDiskBytes: 0,
	adaptsKvLayout: false,
};

async function open(
	engineMore: Partial<EngineOptions>,
	schedulingMore: Partial<SchedulingOptions>,
) {
	const engine = await createFakeModule().load({
		...engineOptions,
		...engineMore,
	});
	opened.push(engine);
	const saved = await SavedStates.open({
		maxHostBytes: scheduling.hostCacheBytes,
		directory: null,
		maxDiskBytes: 0,
		fingerprint: "soak",
		log: () => undefined,
	});
	const tokens = new Map<string, number[]>();
	const ends = new Map<string, number>();
	let idle: () => void = () => undefined;
	const hear = (message: EngineMessage) => {
		if (message.type === "failed") throw new Error(message.message);
		if (message.type === "idle") idle();
		if (message.type !== "step") return;
		for (let index = 0; index < message.tokens.length; index += 3) {
			const key = `${message.tokens[index]}/${message.tokens[index + 1]}`;
			const known = tokens.get(key) ?? [];
			known.push(message.tokens[index + 2] as number);
			tokens.set(key, known);
		}
		for (const { number, choice } of message.ended) {
			const key = `${number}/${choice}`;
			ends.set(key, (ends.get(key) ?? 0) + 1);
		}
	};
	const loop = new EngineLoop(
		engine,
		{ ...scheduling, ...schedulingMore },
		saved,
		{ send: hear, now: () => performance.now(), residentBytes: () => 0 },
	);
	const whenIdle = () =>
		new Promise<void>((resolve) => {
			idle = resolve;
		});
	return { engine, loop, tokens, ends, whenIdle };
}

/** Prompts that share beginnings, repeat earlier ones, or go on where an earlier answer ended. */
function createRequests(seed: number, count: number): SubmittedRequest[] {
	const random = createRandomSource(seed);
	return Array.from({ length: count }, (_, index) => {
		const system = random.between(0, 2);
		const systemLength = random.between(0, 2) * 15;
		const length = systemLength + random.between(1, 40);
		const question = random.between(0, 6);
		return {
			number: index + 1,
			promptTokens: Int32Array.from({ length }, (_, position) =>
				position < systemLength
					? 300 + 20 * system + (position % 20)
					: 100 + question * 8 + ((position * (question + 1)) % 8),
			),
			choices: random.between(0, 5) === 0 ? 3 : 1,
			sampling: {
				...defaultSampling,
				temperature: random.between(0, 1),
				seed: random.between(0, 1000),
			},
			maxTokens: random.between(1, 40),
			minTokens: 0,
			stopTokenIds: [],
			ignoreEos: true,
			logprobs: null,
			promptLogprobs: null,
			priority: random.between(0, 3) === 0 ? 1 : 0,
			tenant: `${random.between(0, 2)}`,
			cacheSalt: random.between(0, 9) === 0 ? "salt" : "",
			adapters: [],
		};
	});
}

const cases: [
	string,
	KvLayout,
	Partial<EngineOptions>,
	Partial<SchedulingOptions>,
	number,
][] = [
	["unified, room for all", "unified", {}, {}, 1],
	["unified, a pool for one and a half", "unified", { kvCells: 200 }, {}, 2],
	["streams", "streams", {}, {}, 3],
	["a layout that follows", "streams", {}, { adaptsKvLayout: true }, 4],
];

describe.each(cases)("soak: %s", (_name, kvLayout, more, options, seed) => {
	test("requests in random company, with cancels, give the tokens they give alone, and end once", async () => {
		const requests = createRequests(seed, 120);
		const random = createRandomSource(seed + 100);
		const busy = await open({ ...more, kvLayout }, options);
		const cancelled = new Set<number>();
		let done = busy.whenIdle();
		for (const request of requests) {
			busy.loop.submit(request);
			if (random.between(0, 9) === 0) {
				cancelled.add(request.number);
				setTimeout(() => busy.loop.cancel(request.number, null), 2);
			}
			const pause = random.between(0, 12);
			if (pause === 0) {
				await done;
				done = busy.whenIdle();
			} else if (pause < 4) {
				await new Promise((resolve) => setTimeout(resolve, pause));
			}
		}
		busy.loop.cancel(-1, null);
		await done;
		const alone = await open(
			{ kvLayout: "streams" },
			{ prefixCache: false, speculation: false },
		);
		for (const request of requests) {
			if (cancelled.has(request.number)) continue;
			const finished = alone.whenIdle();
			alone.loop.submit(request);
			await finished;
			for (let choice = 0; choice < request.choices; choice++) {
				const key = `${request.number}/${choice}`;
				expect(busy.tokens.get(key), key).toEqual(alone.tokens.get(key));
				expect(busy.ends.get(key), key).toBe(1);
			}
		}
	}, 30_000);
});
