import { afterEach, describe, expect, test } from "vitest";
import { defaultSampling } from "../core/generation-request.ts";
import type { Engine, EngineOptions } from "../engine/engine.ts";
import { createFakeModule } from "../engine/fake/fake.ts";
import { parseGbnf } from "../grammar/gbnf/parse-gbnf.ts";
import { EngineLoop } from "./engine-loop.ts";
import type {
	EngineMessage,
	StepReport,
	SubmittedRequest,
} from "./engine-protocol.ts";
import { SavedStates } from "./saved-states.ts";
import type { SchedulingOptions } from "./scheduling-options.ts";

const opened: Engine[] = [];
afterEach(() => {
	for (const engine of opened.splice(0)) engine[Symbol.dispose]();
});

const scheduling: SchedulingOptions = {
	maxLogitRows: 16,
	targetItlMs: null,
	prefixCache: true,
	maxIdleCells: 256,
	speculation: false,
	hostCacheBytes: 0,
	prefixCacheDirectory: null,
	prefixCacheDiskBytes: 0,
	adaptsKvLayout: false,
};

async function startLoop(
	model = "fake:",
	more: Partial<EngineOptions> = {},
	options: Partial<SchedulingOptions> = {},
	saved: SavedStates | null = null,
) {
	const engine = await createFakeModule().load({
		modelPath: model,
		contextLength: 128,
		maxSequences: 4,
		kvCells: 512,
		kvLayout: "streams",
		kvTypeK: "f16",
		kvTypeV: "f16",
		maxBatchTokens: 32,
		microBatchTokens: 32,
		threads: 1,
		threadsBatch: 1,
		flashAttention: "auto",
		gpuLayers: 0,
		memoryMap: false,
		memoryLock: false,
		...more,
	});
	opened.push(engine);
	const messages: EngineMessage[] = [];
	const waiters: (() => void)[] = [];
	const loop = new EngineLoop(engine, { ...scheduling, ...options }, saved, {
		send: (message) => {
			messages.push(message);
			if (message.type === "idle") for (const wake of waiters.splice(0)) wake();
		},
		now: () => performance.now(),
		residentBytes: () => 0,
	});
	const idle = () => new Promise<void>((resolve) => waiters.push(resolve));
	const steps = () =>
		messages.filter(
			(message): message is StepReport => message.type === "step",
		);
	return { engine, loop, messages, steps, idle };
}

function request(
	number: number,
	more: Partial<SubmittedRequest> = {},
): SubmittedRequest {
	return {
		number,
		promptTokens: Int32Array.from(
			{ length: 40 },
			(_, index) => 20 + ((index * 7 + number) % 60),
		),
		choices: 1,
		sampling: { ...defaultSampling, temperature: 0, seed: 1 },
		maxTokens: 12,
		minTokens: 0,
		stopTokenIds: [],
		ignoreEos: true,
		logprobs: null,
		promptLogprobs: null,
		priority: 0,
		tenant: "",
		cacheSalt: "",
		adapters: [],
		...more,
	};
}

/** Tokens of each "request/choice". */
function tokensOf(steps: readonly StepReport[]): Map<string, number[]> {
	const texts = new Map<string, number[]>();
	for (const { tokens } of steps) {
		for (let index = 0; index < tokens.length; index += 3) {
			const key = `${tokens[index]}/${tokens[index + 1]}`;
			texts.set(key, [...(texts.get(key) ?? []), tokens[index + 2] as number]);
		}
	}
	return texts;
}

async function generateAlone(submitted: SubmittedRequest): Promise<number[]> {
	const { loop, steps, idle } = await startLoop();
	const done = idle();
	loop.submit(submitted);
	await done;
	return tokensOf(steps()).get(`${submitted.number}/0`) ?? [];
}

describe("EngineLoop", () => {
	test("a request's tokens, its end and the idle report arrive in order", async () => {
		const { loop, steps, messages, idle } = await startLoop();
		const done = idle();
		loop.submit(request(1));
		await done;
		expect(tokensOf(steps()).get("1/0")).toHaveLength(12);
		expect(steps().flatMap(({ started }) => started)).toMatchObject([
			{ number: 1, choice: 0, cachedTokens: 0 },
		]);
		expect(steps().flatMap(({ ended }) => ended)).toEqual([
			{ number: 1, choice: 0, reason: "length", stopToken: null },
		]);
		expect(messages.at(-1)).toMatchObject({
			type: "idle",
			load: { running: 0, waiting: 0, kvCacheUsage: 0 },
		});
	});

	test("statistics add up to all tokens of prompt and answer", async () => {
		const { loop, steps, idle } = await startLoop();
		const done = idle();
		loop.submit(request(1));
		await done;
		const sum = (pick: (step: StepReport) => number) =>
			steps().reduce((total, step) => total + pick(step), 0);
		expect(
			sum(
				({ statistics }) => statistics.prefillTokens + statistics.decodeTokens,
			),
		).toBe(40 + 11);
	});

	test("eight requests on four slots give the same tokens as each alone", async () => {
		const { loop, steps, idle } = await startLoop();
		const requests = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => request(number));
		const done = idle();
		for (const submitted of requests) loop.submit(submitted);
		await done;
		const together = tokensOf(steps());
		for (const submitted of requests)
			expect(together.get(`${submitted.number}/0`)).toEqual(
				await generateAlone(submitted),
			);
	});

	test("a small unified cache preempts, and tokens are still the same", async () => {
		const { loop, steps, idle } = await startLoop("fake:", {
			kvCells: 100,
			kvLayout: "unified",
		});
		const requests = [1, 2, 3].map((number) =>
			request(number, { maxTokens: 30 }),
		);
		const done = idle();
		for (const submitted of requests) loop.submit(submitted);
		await done;
		const together = tokensOf(steps());
		for (const submitted of requests)
			expect(together.get(`${submitted.number}/0`)).toEqual(
				await generateAlone(submitted),
			);
	});

	test("a cancelled request is silent after the step that runs, and others go on", async () => {
		const { loop, steps, idle } = await startLoop("fake:?stepMs=2");
		const done = idle();
		loop.submit(request(1, { maxTokens: 50 }));
		loop.submit(request(2, { maxTokens: 20 }));
		await new Promise((resolve) => setTimeout(resolve, 30));
		const seen = tokensOf(steps()).get("1/0")?.length ?? 0;
		loop.cancel(1, null);
		await done;
		expect(tokensOf(steps()).get("1/0")?.length ?? 0).toBeLessThanOrEqual(
			seen + 1,
		);
		expect(tokensOf(steps()).get("2/0")).toHaveLength(20);
		expect(
			steps().flatMap(({ ended }) => ended.map(({ number }) => number)),
		).toEqual([2]);
	});

	test("choices of one request differ by their seeds, and one of them can be cancelled", async () => {
		const { loop, steps, idle } = await startLoop();
		const done = idle();
		loop.submit(
			request(1, {
				choices: 3,
				sampling: { ...defaultSampling, temperature: 2, seed: 5 },
			}),
		);
		loop.cancel(1, 2);
		await done;
		const texts = tokensOf(steps());
		expect([...texts.keys()].sort()).toEqual(["1/0", "1/1"]);
		expect(texts.get("1/0")).not.toEqual(texts.get("1/1"));
	});

	test("log-probabilities: one report a generated token, one a prompt token but the first", async () => {
		const { loop, steps, idle } = await startLoop();
		const done = idle();
		loop.submit(request(1, { logprobs: 3, promptLogprobs: 2, maxTokens: 4 }));
		await done;
		const generated = steps().flatMap(({ logprobs }) => logprobs ?? []);
		expect(generated.map((report) => report?.topTokens.length)).toEqual([
			3, 3, 3, 3,
		]);
		// Greedy: the chosen token is the likeliest.
		for (const report of generated)
			expect(report?.token).toBe(report?.topTokens[0]);
		const prompt = steps().flatMap(({ promptLogprobs }) =>
			promptLogprobs.flatMap(({ entries }) => entries),
		);
		expect(prompt).toHaveLength(40);
		expect(prompt[0]).toBeNull();
		expect(prompt.slice(1).map((report) => report?.token)).toEqual([
			...request(1).promptTokens.slice(1),
		]);
	});

	test("end-of-generation tokens can't be sampled before minTokens", async () => {
		const { loop, steps, idle } = await startLoop("fake:?endAfter=3");
		const done = idle();
		loop.submit(request(1, { ignoreEos: false }));
		loop.submit(request(2, { ignoreEos: false, minTokens: 9 }));
		await done;
		const ended = steps().flatMap(({ ended }) => ended);
		const texts = tokensOf(steps());
		expect(texts.get("1/0")?.length).toBeLessThan(9);
		expect(texts.get("2/0")?.length).toBeGreaterThanOrEqual(9);
		expect(ended.map(({ reason }) => reason)).toContain("stop");
	});

	test("a step that fails ends its requests with one error each, and the next request works", async () => {
		const { loop, messages, steps, idle } = await startLoop("fake:?failRun=2");
		const done = idle();
		loop.submit(request(1));
		loop.submit(request(2));
		await done;
		const failed = messages.filter((message) => message.type === "failed");
		expect(failed).toMatchObject([{ code: "engine_error" }]);
		expect(
			failed.flatMap((message) =>
				message.type === "failed" ? message.numbers : [],
			),
		).toEqual([1, 2]);
		const again = idle();
		loop.submit(request(3));
		await again;
		expect(tokensOf(steps()).get("3/0")).toHaveLength(12);
	});

	test("a prompt beyond the context is refused with the counts and harms nobody", async () => {
		const { loop, messages, idle } = await startLoop();
		loop.submit(request(1, { promptTokens: new Int32Array(500).fill(30) }));
		const done = idle();
		loop.submit(request(2));
		await done;
		expect(messages).toContainEqual(
			expect.objectContaining({
				type: "failed",
				numbers: [1],
				code: "context_length_exceeded",
			}),
		);
	});

	/** A system prompt that all share, and a question of its own for each. */
	const question = (number: number, more: Partial<SubmittedRequest> = {}) =>
		request(number, {
			promptTokens: Int32Array.from({ length: 40 }, (_, index) =>
				index < 30 ? 40 + index : 100 + number * 10 + (index - 30),
			),
			...more,
		});

	describe.each(["unified", "streams"] as const)(
		"in the layout %s",
		(kvLayout) => {
			test("requests that come together share what they have in common: one computes it, the others wait and fork", async () => {
				const { loop, steps, idle } = await startLoop("fake:", { kvLayout });
				const requests = [1, 2, 3, 4, 5, 6, 7].map((number) =>
					question(number),
				);
				const done = idle();
				for (const submitted of requests) loop.submit(submitted);
				await done;
				const prefilled = steps().reduce(
					(sum, { statistics }) => sum + statistics.prefillTokens,
					0,
				);
				expect(prefilled).toBe(40 + 6 * 10);
				expect(
					steps().flatMap(({ started }) =>
						started.map(({ cachedTokens }) => cachedTokens),
					),
				).toEqual([0, 30, 30, 30, 30, 30, 30]);
				const together = tokensOf(steps());
				for (const submitted of requests)
					expect(together.get(`${submitted.number}/0`)).toEqual(
						await generateAlone(submitted),
					);
			});

			test("what ended is kept for the next one, and a salt keeps it apart", async () => {
				const { loop, steps, idle } = await startLoop("fake:", { kvLayout });
				for (const submitted of [
					question(1),
					question(2),
					question(3, { cacheSalt: "other" }),
					question(1, { number: 4 }),
				]) {
					const done = idle();
					loop.submit(submitted);
					await done;
				}
				const started = steps().flatMap(({ started }) => started);
				expect(started.map(({ cachedTokens }) => cachedTokens)).toEqual([
					0, 30, 0, 39,
				]);
				const texts = tokensOf(steps());
				expect(texts.get("4/0")).toEqual(texts.get("1/0"));
			});

			test("the choices of one request fork one prefill", async () => {
				const { loop, steps, idle } = await startLoop("fake:", { kvLayout });
				const done = idle();
				loop.submit(request(1, { choices: 4 }));
				await done;
				const prefilled = steps().reduce(
					(sum, { statistics }) => sum + statistics.prefillTokens,
					0,
				);
				// All but the last token, whose logits each choice needs for itself.
				expect(prefilled).toBe(40 + 3);
				const texts = tokensOf(steps());
				expect([texts.get("1/1"), texts.get("1/2"), texts.get("1/3")]).toEqual(
					new Array(3).fill(texts.get("1/0")),
				);
			});

			test("prefixes that had to go come back from host memory, and texts are the same", async () => {
				const saved = await SavedStates.open({
					maxHostBytes: 1e6,
					directory: null,
					maxDiskBytes: 0,
					fingerprint: "one",
					log: () => undefined,
				});
				const { loop, steps, idle } = await startLoop(
					"fake:?tokenMs=0.2",
					{ kvLayout, maxSequences: 2, kvCells: 256 },
					{ maxIdleCells: 60 },
					saved,
				);
				const numbers = [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6];
				for (const [index, number] of numbers.entries()) {
					const done = idle();
					loop.submit({ ...request(number), number: 10 * index + number });
					await done;
				}
				const texts = tokensOf(steps());
				for (const index of [0, 1, 2, 3, 4, 5])
					expect(texts.get(`${10 * (index + 6) + index + 1}/0`)).toEqual(
						texts.get(`${10 * index + index + 1}/0`),
					);
				const restored = steps().reduce(
					(sum, { statistics }) => sum + statistics.restoredTokens,
					0,
				);
				expect(restored).toBeGreaterThan(39);
			});

			test("the engine holds as many cells as the books say", async () => {
				const { engine, loop, messages, idle } = await startLoop("fake:", {
					kvLayout,
				});
				const done = idle();
				for (const number of [1, 2, 3, 4, 5, 6])
					loop.submit(question(number, { choices: 2 }));
				await done;
				const load = messages.at(-1);
				if (load?.type !== "idle") throw new Error("The loop is not idle.");
				const { usedCells } = engine as unknown as { usedCells: number };
				expect(usedCells).toBe(load.load.retainedTokens);
			});
		},
	);
});

describe("a constrained request", () => {
	const grammarOf = (
		source: string,
		triggers: readonly string[] | null = null,
	) => ({ key: source + triggers, grammar: parseGbnf(source), triggers });

	async function texts(
		more: Partial<SubmittedRequest>,
		options: Partial<SchedulingOptions> = {},
		engineOptions: Partial<EngineOptions> = {},
	) {
		const { engine, loop, messages, steps, idle } = await startLoop(
			"fake:",
			engineOptions,
			options,
		);
		loop.submit(request(1, { ignoreEos: false, maxTokens: 40, ...more }));
		// Somebody who is free goes on beside it.
		loop.submit(request(2, { maxTokens: 30 }));
		await idle();
		const said = new Map<string, string>();
		let others = 0;
		for (const { tokens } of steps())
			for (let index = 0; index < tokens.length; index += 3) {
				const [number, choice, token] = tokens.subarray(index, index + 3);
				if (number !== 1) others++;
				const key = `${choice}`;
				const bytes = engine.vocabulary.tokenBytes(token as number, true);
				if (number === 1)
					said.set(
						key,
						(said.get(key) ?? "") + Buffer.from(bytes).toString("latin1"),
					);
			}
		const ended = steps()
			.flatMap((step) => step.ended)
			.filter(({ number }) => number === 1);
		const failed = messages.filter(({ type }) => type === "failed");
		const costs = steps().map(({ statistics }) => statistics);
		return { said: [...said.values()], ended, failed, others, costs };
	}

	test("says what its grammar says, in all choices, and ends when nothing may follow", async () => {
		const { said, ended, costs } = await texts({
			choices: 3,
			sampling: { ...defaultSampling, temperature: 1, seed: 5 },
			grammar: grammarOf('root ::= "<" [a-d]{2,6} ">"'),
		});
		expect(said).toHaveLength(3);
		for (const text of said) expect(text).toMatch(/^<[a-d]{2,6}>$/);
		expect(ended.map(({ reason }) => reason)).toEqual(["stop", "stop", "stop"]);
		expect(ended.every(({ stopToken }) => stopToken === null)).toBe(true);
		const counted = costs.reduce(
			(sum, step) => sum + step.constrainedTokens,
			0,
		);
		expect(counted).toBeGreaterThan(11);
	});

	test("is cut by its limit inside a document, and stops at it when the document is whole", async () => {
		const grammar = grammarOf('root ::= "<" [a-d]{9} ">"');
		const cut = await texts({ grammar, maxTokens: 10 });
		expect(cut.ended).toMatchObject([{ reason: "length" }]);
		const whole = await texts({ grammar, maxTokens: 11 });
		expect(whole.ended).toMatchObject([{ reason: "stop" }]);
	});

	test("keeps its place when it is sent back to the queue", async () => {
		const { said, ended } = await texts(
			{ choices: 3, grammar: grammarOf('root ::= "<" [a-d]{30} ">"') },
			{},
			{ kvLayout: "unified", kvCells: 128 },
		);
		expect(ended).toHaveLength(3);
		for (const text of said) expect(text).toMatch(/^<[a-d]{30}>$/);
	});

	test("guesses nothing that its grammar forbids, and says the same with guesses and without", async () => {
		const more = {
			maxTokens: 60,
			grammar: grammarOf('root ::= ("abcabc" | "abcabd" | " ")+ "!"'),
		};
		const without = await texts(more);
		const guessed = await texts(more, { speculation: true });
		expect(guessed.said).toEqual(without.said);
	});

	test("fails alone when nothing that may follow can be chosen", async () => {
		const { failed, others, ended } = await texts({
			sampling: {
				...defaultSampling,
				seed: 1,
				logitBias: [..."<abcd"].map((character) => [
					character.charCodeAt(0),
					Number.NEGATIVE_INFINITY,
				]),
			},
			grammar: grammarOf('root ::= "<" [a-d]{2} ">"'),
		});
		expect(failed).toMatchObject([{ numbers: [1], code: "invalid_request" }]);
		expect(ended).toEqual([]);
		expect(others).toBe(30);
	});

	test("fails alone when its grammar is none", async () => {
		const rules = { root: { type: "rule", name: "missing" } } as const;
		const grammar = {
			key: "x",
			grammar: { rules, start: "root" },
			triggers: null,
		};
		const { failed, others } = await texts({ grammar });
		expect(failed).toMatchObject([{ numbers: [1] }]);
		expect(others).toBe(30);
	});
});
