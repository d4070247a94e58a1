import type { KvLayout } from "../../src/engine/engine.ts";
import { Scheduler } from "../../src/scheduler/scheduler.ts";
import type { Sequence } from "../../src/scheduler/sequence.ts";
import { freeCopies } from "../../src/scheduler/testing/free-copies.ts";
import { type PassCost, stepMs } from "./pass-cost.ts";

/** So many clients, each sending its next request when it has the answer to the last. */
export interface SimulatedLoad {
	concurrency: number;
	requests: number;
	inputTokens: number;
	/** Of those, what all requests begin with; computed by somebody before the load begins. */
	sharedTokens: number;
	outputTokens: number;
}

export interface SimulatedOutcome {
	/** Output tokens a second. */
	throughput: number;
	ttftMs: number[];
	itlMs: number[];
}

/** From an answer's end to the arrival of the same client's next request, milliseconds. */
const turnaround = 4;
const never = 2 ** 31 - 1;

/** Plays a load against the real scheduler and an engine whose steps take what `cost` says, on a clock of its own. */
export function simulate(
	load: SimulatedLoad,
	cost: PassCost,
	kvLayout: KvLayout,
	targetStepSeconds: number | null,
): SimulatedOutcome {
	const contextLength = 2048;
	const maxSequences = 16;
	const scheduler = new Scheduler({
		contextLength,
		maxSequences,
		slots: kvLayout === "streams" ? maxSequences : 3 * maxSequences,
		kvLayout,
		kvCells: contextLength * maxSequences,
		maxIdleCells: contextLength,
		maxBatchTokens: 512,
		maxLogitRows: 64,
		endOfGenerationTokens: new Set([never]),
		sharesPrefixes: true,
		savesPrefixes: false,
		leastSharedTokens: 16,
		attentionTile: 64,
		speculates: false,
		targetStepSeconds,
		costs: freeCopies,
	});
	// Two requests of the same kind teach it what a step costs.
	play(scheduler, { ...load, concurrency: 1, requests: 2 }, cost, 0);
	return play(scheduler, load, cost, 2);
}

function play(
	scheduler: Scheduler,
	load: SimulatedLoad,
	cost: PassCost,
	firstRequest: number,
): SimulatedOutcome {
	const { concurrency, requests, outputTokens } = load;
	const outcome: SimulatedOutcome = { throughput: 0, ttftMs: [], itlMs: [] };
	const heardAt = new Map<Sequence, number>();
	const arrivals = new Array<number>(concurrency).fill(0);
	let sent = 0;
	let ended = 0;
	let now = 0;
	while (ended < requests) {
		while ((arrivals[0] ?? Number.POSITIVE_INFINITY) <= now) {
			arrivals.shift();
			const sequence = scheduler.submit(spec(load, firstRequest + sent++));
			heardAt.set(sequence, -now);
		}
		const plan = scheduler.plan();
		if (plan.entries.length === 0) {
			now = arrivals[0] as number;
			continue;
		}
		const ms = stepMs(plan.entries, scheduler.limits.kvLayout, cost);
		now += ms;
		scheduler.learn(plan, ms / 1000);
		for (const { sequence, samples } of plan.entries) {
			if (!samples) continue;
			// Below zero is when it arrived, above when it was last heard.
			const before = heardAt.get(sequence) as number;
			if (before <= 0) outcome.ttftMs.push(now + before);
			else outcome.itlMs.push(now - before);
			heardAt.set(sequence, now);
		}
		for (const _ of scheduler.commit(plan, () => 7)) {
			ended++;
			if (sent + arrivals.length < requests) arrivals.push(now + turnaround);
		}
	}
	outcome.throughput = (1000 * requests * outputTokens) / now;
	return outcome;
}

function spec(load: SimulatedLoad, request: number): Sequence["spec"] {
	const { inputTokens, sharedTokens, outputTokens } = load;
	return {
		request,
		choice: 0,
		promptTokens: Int32Array.from({ length: inputTokens }, (_, index) =>
			index < sharedTokens ? index : (request + 1) * 10_000 + index,
		),
		maxTokens: outputTokens,
		minTokens: 0,
		stopTokenIds: new Set(),
		wantsPromptLogits: false,
		priority: 0,
		tenant: "",
		adapter: "",
		namespace: "",
	};
}
