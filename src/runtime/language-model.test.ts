import { afterEach, describe, expect, test, vi } from "vitest";
import {
	defaultSampling,
	type GenerationRequest,
} from "../core/generation-request.ts";
import type { StreamEvent } from "../core/stream-event.ts";
import { createFakeModule } from "../engine/fake/fake.ts";
import { createLogger } from "../observability/logger.ts";
import { createServiceMetrics } from "../observability/service-metrics.ts";
import { ChatTemplates } from "../text/chat-template.ts";
import { TokenTexts } from "../text/token-texts.ts";
import type { SequenceSnapshot } from "./engine-protocol.ts";
import { EngineSupervisor } from "./engine-supervisor.ts";
import { LanguageModel } from "./language-model.ts";
import { EngineDouble, idleLoad } from "./testing/engine-double.ts";

afterEach(() => void vi.useRealTimers());

function createModel() {
	const engine = new EngineDouble();
	const supervisor = new EngineSupervisor({
		load: {} as ConstructorParameters<typeof EngineSupervisor>[0]["load"],
		backoffMs: () => 1e6,
		onLog: () => undefined,
	});
	supervisor.start(engine.asChildProcess);
	const vocabulary = createFakeModule().loadVocabulary("fake:");
	const metrics = createServiceMetrics({
		modelName: "double",
		maxSequences: 2,
		version: "1",
	});
	const texts = new TokenTexts({
		vocabularySize: vocabulary.size,
		tokenBytes: (token) => Uint8Array.of(token),
	});
	const model = new LanguageModel({
		entry: {
			id: "double",
			created: 0,
			root: "double",
			parent: null,
			maxModelLength: 1000,
		},
		facts: {} as ConstructorParameters<typeof LanguageModel>[0]["facts"],
		vocabulary,
		templates: new ChatTemplates({
			template: null,
			toolUseTemplate: null,
			bosToken: "",
			eosToken: "",
		}),
		adapters: null,
		maxAdapters: 0,
		tokenTexts: { plain: texts, withSpecialTokens: texts },
		supervisor,
		maxSequences: 2,
		queue: {
			maxQueuedRequests: 10,
			maxQueuedPromptTokens: 1000,
			maxQueueSeconds: 60,
			maxSequences: 2,
		},
		metrics,
		logger: createLogger({
			level: "silent",
			format: "text",
			destination: "stderr",
		}),
	});
	engine.ready();
	/** Numbers are given from 1 in the order of requests. */
	const ask = (given: Partial<GenerationRequest> = {}) => {
		const events: StreamEvent[] = [];
		const cancel = model.generate({ ...request, ...given }, (event) =>
			events.push(event),
		);
		return { events, cancel };
	};
	return { engine, model, metrics, ask };
}

const request: GenerationRequest = {
	id: "request-1",
	model: "double",
	promptTokens: Int32Array.of(1, 2, 3),
	choices: 1,
	sampling: defaultSampling,
	stop: {
		maxTokens: 10,
		minTokens: 0,
		stopStrings: [],
		stopTokenIds: [],
		includeStopString: false,
		ignoreEos: false,
	},
	logprobs: null,
	promptLogprobs: null,
	priority: 0,
	tenant: "somebody",
	cacheSalt: "salt",
	adapters: [],
	deadlineMs: null,
	constraint: null,
	renderSpecialTokens: false,
};

const start = (number: number, choice = 0, cachedTokens = 0) => ({
	number,
	choice,
	cachedTokens,
	queueSeconds: 0,
});
const a = 97;

describe("a request", () => {
	test("goes to the engine with its tenant and its salt", () => {
		const { engine, ask } = createModel();
		ask();
		expect(engine.submitted).toMatchObject([
			{ number: 1, tenant: "somebody", cacheSalt: "salt" },
		]);
	});

	test("with several choices reports what choice 0 found in the cache", () => {
		const { engine, ask } = createModel();
		const { events } = ask({ choices: 2 });
		const started = [start(1, 0, 1), start(1, 1, 2)];
		engine.step({ started, tokens: Int32Array.of(1, 0, a, 1, 1, a) });
		const end = { number: 1, reason: "length", stopToken: null } as const;
		engine.step({
			ended: [
				{ ...end, choice: 0 },
				{ ...end, choice: 1 },
			],
		});
		expect(events[0]).toMatchObject({ type: "start", cachedTokens: 1 });
		expect(events.at(-1)).toEqual({
			type: "finish",
			usage: { promptTokens: 3, cachedTokens: 1, completionTokens: 2 },
		});
	});

	test("hears nothing of what a step brought behind a stop string", () => {
		const { engine, ask } = createModel();
		const { events } = ask({ stop: { ...request.stop, stopStrings: ["b"] } });
		engine.step({ started: [start(1)], tokens: Int32Array.of(1, 0, a) });
		engine.step({ tokens: Int32Array.of(1, 0, a, 1, 0, a + 1, 1, 0, a + 2) });
		engine.step({ tokens: Int32Array.of(1, 0, a) });
		const text = events
			.map((event) => (event.type === "delta" ? event.text : ""))
			.join("");
		expect(text).toBe("aa");
		expect(events.at(-1)).toMatchObject({
			type: "finish",
			usage: { completionTokens: 3 },
		});
		expect(engine.cancelled).toEqual([1]);
	});
});

test("several tokens of one step are one gap between tokens", async () => {
	const { engine, metrics, ask } = createModel();
	ask();
	engine.step({ started: [start(1)], tokens: Int32Array.of(1, 0, a) });
	engine.step({ tokens: Int32Array.of(1, 0, a, 1, 0, a, 1, 0, a) });
	engine.step({ tokens: Int32Array.of(1, 0, a) });
	const text = await metrics.render();
	expect(text).toMatch(/vllm:inter_token_latency_seconds_count\{[^}]*\} 2\n/);
	expect(text).toMatch(/vllm:generation_tokens_total\{[^}]*\} 5\n/);
});

describe("a deadline", () => {
	test("that passes before the first token ends the request with one error, in the engine too", () => {
		vi.useFakeTimers();
		const { engine, model, ask } = createModel();
		const { events, cancel } = ask({ deadlineMs: 500 });
		engine.step({ started: [start(1)] });
		vi.advanceTimersByTime(499);
		expect(engine.cancelled).toEqual([]);
		vi.advanceTimersByTime(1);
		expect(engine.cancelled).toEqual([1]);
		engine.step({ tokens: Int32Array.of(1, 0, a) });
		cancel();
		const errors = events.filter(({ type }) => type === "error");
		expect(errors).toMatchObject([
			{ error: { code: "deadline_exceeded", status: 504 } },
		]);
		expect(events.at(-1)).toBe(errors[0]);
		expect(model.load()).toMatchObject({ running: 0, waiting: 0 });
	});

	test("does not touch an answer that has begun", () => {
		vi.useFakeTimers();
		const { engine, ask } = createModel();
		const { events } = ask({ deadlineMs: 500 });
		engine.step({ started: [start(1)], tokens: Int32Array.of(1, 0, a) });
		vi.advanceTimersByTime(10_000);
		expect(engine.cancelled).toEqual([]);
		expect(events.map(({ type }) => type)).toEqual(["start", "delta"]);
		expect(vi.getTimerCount()).toBe(0);
	});

	test("leaves no timer behind when the client goes away first", () => {
		vi.useFakeTimers();
		const { ask } = createModel();
		ask({ deadlineMs: 500 }).cancel();
		expect(vi.getTimerCount()).toBe(0);
	});
});

describe("the live state", () => {
	const sequence: SequenceSnapshot = {
		number: 1,
		choice: 0,
		state: "decode",
		waitsFor: null,
		priority: 0,
		promptTokens: 3,
		cachedTokens: 1,
		computedTokens: 5,
		generatedTokens: 3,
		preemptions: 0,
		ageSeconds: 1.5,
	};
	const answer = (engine: EngineDouble) => {
		const inquiry = engine.heard.findLast(({ type }) => type === "inspect");
		if (inquiry?.type !== "inspect") throw new Error("nobody asked");
		engine.say({
			type: "snapshot",
			inquiry: inquiry.inquiry,
			sequences: [sequence, { ...sequence, number: 77 }],
			load: idleLoad,
			kvCells: 1000,
			maxSequences: 2,
		});
	};

	test("names requests by their ids, and leaves out what is gone", async () => {
		const { engine, model, ask } = createModel();
		ask();
		const asked = [model.liveState(), model.liveState()];
		answer(engine);
		const { number: _, ...info } = sequence;
		const expected = {
			requests: [{ id: "request-1", adapters: [], ...info }],
			kvCells: 1000,
			kvCacheUsage: 0.25,
			retainedTokens: 30,
			savedTokens: 40,
			kvLayout: "streams",
			maxSequences: 2,
			targetItlMs: 50,
		};
		expect(await Promise.all(asked)).toEqual([expected, expected]);
		// Those who ask at once share one question.
		const questions = engine.heard.filter(({ type }) => type === "inspect");
		expect(questions).toHaveLength(1);
	});

	test("is null when the engine dies, says nothing, or isn't there", async () => {
		vi.useFakeTimers();
		const { engine, model } = createModel();
		const silent = model.liveState();
		vi.advanceTimersByTime(60_000);
		expect(await silent).toBeNull();
		// An answer that comes too late is not taken for the next question's.
		const next = model.liveState();
		engine.say({
			type: "snapshot",
			inquiry: 1,
			sequences: [],
			load: idleLoad,
			kvCells: 1,
			maxSequences: 1,
		});
		engine.die();
		expect(await next).toBeNull();
		expect(await model.liveState()).toBeNull();
	});
});

test("a request whose prompt was reported in part is not tried again on another engine: it would hear it twice", () => {
	vi.useFakeTimers();
	const { engine, ask } = createModel();
	const { events } = ask({ promptLogprobs: 0 });
	const entries = [null, null];
	engine.step({
		started: [start(1)],
		promptLogprobs: [{ number: 1, choice: 0, entries }],
	});
	engine.die();
	expect(events).toMatchObject([{ error: { code: "engine_crashed" } }]);
});

describe("a constrained request", () => {
	const constraint = {
		kind: "regex",
		pattern: "[ab]+",
		field: "guided_regex",
	} as const;
	const submits = async ({ engine }: ReturnType<typeof createModel>) => {
		for (let tries = 0; tries < 500 && engine.submitted.length === 0; tries++)
			await new Promise((resolve) => setTimeout(resolve, 10));
		return engine.submitted;
	};

	test("goes to the engine with its grammar", async () => {
		const created = createModel();
		created.ask({ constraint });
		expect(created.engine.submitted).toEqual([]);
		expect(await submits(created)).toMatchObject([
			{ number: 1, grammar: { grammar: { start: "root" }, triggers: null } },
		]);
		await created.model[Symbol.asyncDispose]();
	});

	test("never gets there when its client goes away while it is compiled", async () => {
		const created = createModel();
		const { events, cancel } = created.ask({ constraint });
		cancel();
		created.ask({ constraint });
		expect(await submits(created)).toMatchObject([{ number: 2 }]);
		expect(events).toMatchObject([{ error: { code: "client_closed" } }]);
		await created.model[Symbol.asyncDispose]();
	});

	test("is refused with the field's name when it can't be compiled", async () => {
		const { model, ask } = createModel();
		const refused = ask({ constraint: { ...constraint, pattern: "(" } });
		await vi.waitFor(() => expect(refused.events).toHaveLength(1), 5_000);
		expect(refused.events).toMatchObject([
			{ error: { code: "invalid_request", param: "guided_regex" } },
		]);
		await model[Symbol.asyncDispose]();
	});
});
