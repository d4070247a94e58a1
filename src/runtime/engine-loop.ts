import { GalleyError, toGalleyError } from "../core/errors.ts";
import type { Engine, Sampler } from "../engine/engine.ts";
import {
	type PlanEntry,
	Scheduler,
	type StepPlan,
} from "../scheduler/scheduler.ts";
import type { Sequence } from "../scheduler/sequence.ts";
import type {
	EngineMessage,
	LoadReport,
	LogprobReport,
	StartReport,
	StepStatistics,
	SubmittedRequest,
} from "./engine-protocol.ts";
import { logprobReport } from "./logprobs.ts";

/** What the loop keeps of a sequence beside the scheduler's own state. */
interface LiveSequence {
	request: SubmittedRequest;
	sampler: Sampler;
	arrivedAt: number;
	/** Prompt positions whose log-probabilities were sent: a preempted sequence computes its prompt again. */
	promptLogprobsSent: number;
}

export interface EngineLoopEffects {
	send(message: EngineMessage): void;
	/** Monotonic milliseconds. */
	now(): number;
	residentBytes(): number;
}

/**
 * plan -> run -> commit, for as long as there is work. Nothing else touches a sequence: submits and cancels only write
 * the scheduler's queue between steps.
 */
export class EngineLoop {
	readonly #engine: Engine;
	readonly #scheduler: Scheduler;
	readonly #effects: EngineLoopEffects;
	readonly #live = new Map<Sequence, LiveSequence>();
	#isRunning = false;
	#isStopped = false;
	#reportedPreemptions = 0;

	constructor(
		engine: Engine,
		maxLogitRows: number,
		effects: EngineLoopEffects,
	) {
		const { contextLength, maxSequences, maxBatchTokens, kvCells } =
			engine.info;
		const { endOfGenerationTokens } = engine.vocabulary;
		this.#engine = engine;
		this.#effects = effects;
		this.#scheduler = new Scheduler({
			contextLength,
			maxSequences,
			maxBatchTokens,
			maxLogitRows,
			kvCells,
			endOfGenerationTokens,
		});
	}

	submit(request: SubmittedRequest): void {
		try {
			for (let choice = 0; choice < request.choices; choice++)
				this.#submitChoice(request, choice);
		} catch (thrown) {
			this.cancel(request.number, null);
			this.#fail([request.number], thrown);
		}
		this.#wake();
	}

	cancel(number: number, choice: number | null): void {
		for (const [sequence, { request }] of this.#live) {
			if (
				request.number === number &&
				(choice === null || sequence.spec.choice === choice)
			)
				this.#scheduler.cancel(sequence);
		}
		this.#wake();
	}

	stop(): void {
		this.#isStopped = true;
		this.#engine.abort();
	}

	#submitChoice(request: SubmittedRequest, choice: number): void {
		const sequence = this.#scheduler.submit({
			request: request.number,
			choice,
			promptTokens: request.promptTokens,
			maxTokens: request.maxTokens,
			minTokens: request.minTokens,
			stopTokenIds: new Set(request.stopTokenIds),
			wantsPromptLogits: request.promptLogprobs !== null && choice === 0,
			priority: request.priority,
		});
		const seed = (request.sampling.seed + choice) >>> 0;
		const sampler = this.#engine.createSampler({ ...request.sampling, seed });
		for (const token of request.promptTokens) sampler.accept(token);
		this.#live.set(sequence, {
			request,
			sampler,
			arrivedAt: this.#effects.now(),
			promptLogprobsSent: 0,
		});
	}

	/** A broken invariant rejects the promise, which ends the process: the supervisor starts a clean one. */
	#wake(): void {
		if (this.#isRunning || this.#isStopped) return;
		this.#isRunning = true;
		void this.#run();
	}

	async #run(): Promise<void> {
		while (!this.#isStopped) {
			const startedAt = this.#effects.now();
			const plan = this.#scheduler.plan();
			for (const sequence of plan.dropped) this.#forget(sequence);
			for (const slot of plan.releasedSlots)
				this.#engine.removeSequence(slot, 0, -1);
			if (plan.entries.length === 0) break;
			await this.#step(plan, startedAt);
		}
		this.#scheduler.checkIntegrity();
		this.#effects.send({ type: "idle", load: this.#load() });
		this.#isRunning = false;
	}

	async #step(plan: StepPlan, startedAt: number): Promise<void> {
		try {
			this.#fillBatch(plan);
			const result = await this.#engine.run(plan.tokenCount);
			if (result === "ok") return this.#commit(plan, startedAt);
			this.#scheduler.rollback(plan);
			for (const { slot, from } of plan.entries)
				this.#engine.removeSequence(slot, from, -1);
			if (result === "no-space") this.#scheduler.preemptAllButOldest();
		} catch (thrown) {
			this.#failStep(plan, thrown);
		}
	}

	#fillBatch(plan: StepPlan): void {
		const { tokens, positions, sequences, wantsLogits } = this.#engine.batch;
		let index = 0;
		for (const {
			sequence,
			slot,
			from,
			count,
			samples,
			wantsAllLogits,
		} of plan.entries) {
			for (let position = from; position < from + count; position++, index++) {
				tokens[index] = sequence.tokens[position] as number;
				positions[index] = position;
				sequences[index] = slot;
				wantsLogits[index] =
					wantsAllLogits || (samples && position === from + count - 1) ? 1 : 0;
			}
		}
	}

	#commit(plan: StepPlan, startedAt: number): void {
		const sampled: number[] = [];
		const tokens: number[] = [];
		const logprobs: (LogprobReport | null)[] = [];
		const promptLogprobs: {
			number: number;
			choice: number;
			entries: (LogprobReport | null)[];
		}[] = [];
		let offset = 0;
		for (const entry of plan.entries) {
			const live = this.#live.get(entry.sequence) as LiveSequence;
			const { request, choice } = entry.sequence.spec;
			const report = entry.wantsAllLogits
				? this.#promptLogprobs(entry, live, offset)
				: null;
			if (report !== null)
				promptLogprobs.push({ number: request, choice, entries: report });
			offset += entry.count;
			if (!entry.samples) {
				sampled.push(-1);
				continue;
			}
			const { token, logprob } = this.#sample(entry.sequence, live, offset - 1);
			sampled.push(token);
			tokens.push(request, choice, token);
			logprobs.push(logprob);
		}
		const ended = this.#scheduler.commit(plan, sampled);
		const preemptions =
			this.#scheduler.preemptionCount - this.#reportedPreemptions;
		this.#reportedPreemptions += preemptions;
		const statistics = stepStatistics(
			plan,
			(this.#effects.now() - startedAt) / 1000,
			preemptions,
		);
		this.#effects.send({
			type: "step",
			started: plan.started.map((sequence) =>
				this.#startReport(sequence, startedAt),
			),
			tokens: Int32Array.from(tokens),
			logprobs: logprobs.some((report) => report !== null) ? logprobs : null,
			promptLogprobs,
			ended: ended.map(({ sequence, reason, stopToken }) => ({
				number: sequence.spec.request,
				choice: sequence.spec.choice,
				reason,
				stopToken,
			})),
			statistics,
			load: this.#load(),
		});
		for (const { sequence } of ended) this.#forget(sequence);
	}

	#sample(
		sequence: Sequence,
		live: LiveSequence,
		batchIndex: number,
	): { token: number; logprob: LogprobReport | null } {
		const { request, sampler } = live;
		const mayStop = sequence.generatedTokens >= request.minTokens;
		const wanted = request.logprobs;
		if (wanted === null && mayStop && !request.ignoreEos)
			return { token: sampler.sample(batchIndex), logprob: null };

		const logits = this.#engine.logits(batchIndex);
		// Log-probabilities come from the raw logits, and the mask below writes on them: keep a copy.
		const raw = wanted === null ? null : logits.slice();
		if (!mayStop || request.ignoreEos) {
			for (const token of this.#engine.vocabulary.endOfGenerationTokens)
				logits[token] = Number.NEGATIVE_INFINITY;
		}
		if (!mayStop)
			for (const token of request.stopTokenIds)
				logits[token] = Number.NEGATIVE_INFINITY;
		const token = sampler.sample(batchIndex);
		return {
			token,
			logprob: raw === null ? null : logprobReport(raw, token, wanted ?? 0),
		};
	}

	/** Logits at position p tell of the token at p + 1; the first prompt token has nothing before it. */
	#promptLogprobs(
		entry: PlanEntry,
		live: LiveSequence,
		offset: number,
	): (LogprobReport | null)[] | null {
		const { sequence, from, count } = entry;
		const reports: (LogprobReport | null)[] =
			from === 0 && live.promptLogprobsSent === 0 ? [null] : [];
		for (let position = from; position < from + count; position++) {
			const next = position + 1;
			if (next >= sequence.promptLength || next < live.promptLogprobsSent)
				continue;
			const logits = this.#engine.logits(offset + position - from);
			reports.push(
				logprobReport(
					logits,
					sequence.tokens[next] as number,
					live.request.promptLogprobs ?? 0,
				),
			);
		}
		if (reports.length === 0) return null;
		live.promptLogprobsSent += reports.length;
		return reports;
	}

	#startReport(sequence: Sequence, startedAt: number): StartReport {
		const arrivedAt = this.#live.get(sequence)?.arrivedAt ?? startedAt;
		const { request, choice } = sequence.spec;
		return {
			number: request,
			choice,
			cachedTokens: 0,
			queueSeconds: Math.max(0, startedAt - arrivedAt) / 1000,
		};
	}

	#load(): LoadReport {
		const { runningCount, waitingCount, usedCells, limits } = this.#scheduler;
		return {
			running: runningCount,
			waiting: waitingCount,
			kvCacheUsage: usedCells / limits.kvCells,
			residentBytes: this.#effects.residentBytes(),
		};
	}

	/** The engine could not compute this step: what took part ends with the error, what did not goes on. */
	#failStep(plan: StepPlan, thrown: unknown): void {
		const numbers = new Set(
			plan.entries.map(({ sequence }) => sequence.spec.request),
		);
		this.#scheduler.rollback(plan);
		for (const number of numbers) {
			for (const sequence of this.#live.keys())
				if (sequence.spec.request === number) this.#scheduler.cancel(sequence);
		}
		this.#fail([...numbers], thrown);
	}

	#fail(numbers: readonly number[], thrown: unknown): void {
		const error =
			thrown instanceof GalleyError ? thrown : toGalleyError(thrown);
		if (error !== thrown)
			this.#effects.send({
				type: "log",
				level: "error",
				message: `engine loop: ${String(thrown)}`,
			});
		this.#effects.send({
			type: "failed",
			numbers,
			code: error.code,
			message: error.message,
		});
	}

	#forget(sequence: Sequence): void {
		this.#live.get(sequence)?.sampler[Symbol.dispose]();
		this.#live.delete(sequence);
	}
}

function stepStatistics(
	plan: StepPlan,
	seconds: number,
	preemptions: number,
): StepStatistics {
	const decodeTokens = plan.entries.filter(
		(entry) => entry.count === 1 && entry.samples,
	).length;
	return {
		seconds,
		prefillTokens: plan.tokenCount - decodeTokens,
		decodeTokens,
		preemptions,
	};
}
