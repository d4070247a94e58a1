import type { AdapterFile } from "../adapters/adapter-file.ts";
import { GalleyError, toGalleyError } from "../core/errors.ts";
import type { Engine, KvLayout } from "../engine/engine.ts";
import type { LearnedMemoryCosts } from "../scheduler/memory-costs.ts";
import type { SavedPrefixes } from "../scheduler/saved-prefixes.ts";
import { Scheduler } from "../scheduler/scheduler.ts";
import type { Sequence } from "../scheduler/sequence.ts";
import { StepCost } from "../scheduler/step-cost.ts";
import type { StepPlan } from "../scheduler/step-plan.ts";
import { combinationKey, prefixNamespace } from "./adapter-combination.ts";
import { ConstrainedOutputs } from "./constrained-outputs.ts";
import { EngineAdapters } from "./engine-adapters.ts";
import { EngineMemory } from "./engine-memory.ts";
import type { EngineMessage, SubmittedRequest } from "./engine-protocol.ts";
import { fillBatch } from "./fill-batch.ts";
import { LayoutSwitch } from "./layout-switch.ts";
import type { LiveSequence } from "./live-sequence.ts";
import { prepareMasks, sampleStep } from "./sample-step.ts";
import type { SavedStates } from "./saved-states.ts";
import {
	defaultMaxAdapters,
	memoryCosts,
	type SchedulingOptions,
	schedulerLimits,
} from "./scheduling-options.ts";
import { snapshotSequence } from "./sequence-snapshot.ts";
import { StepReporter } from "./step-reporter.ts";
import { WaitingForGrammars } from "./waiting-for-grammars.ts";

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
	readonly #options: SchedulingOptions;
	readonly #effects: EngineLoopEffects;
	readonly #stepCost = new StepCost();
	readonly #store: SavedStates | null;
	readonly #layoutSwitch: LayoutSwitch;
	readonly #reporter: StepReporter;
	readonly #adapters: EngineAdapters;
	readonly #constrained: ConstrainedOutputs;
	readonly #unready: WaitingForGrammars;
	readonly #live = new Map<Sequence, LiveSequence>();
	/** What is to be done between two steps. */
	#chores: (() => Promise<void>)[] = [];
	/** Replaced when the cache is reopened in another layout. */
	#scheduler: Scheduler;
	#memory: EngineMemory;
	/** Requests that came while the cache was being reopened. */
	#held: SubmittedRequest[] | null = null;
	#isRunning = false;
	#isStopped = false;

	constructor(
		engine: Engine,
		options: SchedulingOptions,
		store: SavedStates | null,
		effects: EngineLoopEffects,
	) {
		this.#engine = engine;
		this.#options = options;
		this.#store = store;
		this.#effects = effects;
		this.#layoutSwitch = new LayoutSwitch(engine, effects.now);
		this.#adapters = new EngineAdapters(
			engine,
			options.maxAdapters ?? defaultMaxAdapters,
		);
		this.#constrained = new ConstrainedOutputs(engine, effects.now);
		this.#unready = new WaitingForGrammars(this.#constrained, this);
		this.#reporter = new StepReporter(effects.residentBytes, () =>
			this.#constrained.takeCosts(),
		);
		const costs = memoryCosts(engine, this.#stepCost);
		this.#memory = this.#createMemory(costs);
		this.#scheduler = this.#createScheduler(costs, undefined);
		for (const { id, namespace, tokens } of store?.entries() ?? [])
			this.#scheduler.saved.add(id, namespace, tokens);
	}

	submit(request: SubmittedRequest): void {
		if (this.#held !== null) {
			this.#held.push(request);
			return;
		}
		if (this.#unready.take(request)) return;
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
		this.#held = this.#held?.filter((held) => held.number !== number) ?? null;
		this.#unready.cancel(number);
		for (const [sequence, { request }] of this.#live) {
			if (
				request.number === number &&
				(choice === null || sequence.spec.choice === choice)
			)
				this.#scheduler.cancel(sequence);
		}
		this.#wake();
	}

	inspect(inquiry: number): void {
		const scheduler = this.#scheduler;
		const now = this.#effects.now();
		this.#effects.send({
			type: "snapshot",
			inquiry,
			sequences: [...scheduler.running, ...scheduler.waiting].map((sequence) =>
				snapshotSequence(
					sequence,
					now - (this.#live.get(sequence)?.arrivedAt ?? now),
				),
			),
			load: this.#reporter.load(scheduler),
			kvCells: this.#engine.info.kvCells,
			maxSequences: this.#engine.info.maxSequences,
		});
	}

	checkAdapter(check: number, file: AdapterFile): void {
		this.#chores.push(async () => {
			const problem = await this.#adapters.check(file).then(
				() => null,
				(thrown: unknown) => {
					const { code, message } = toGalleyError(thrown);
					return { code, message };
				},
			);
			this.#effects.send({ type: "adapter-checked", check, problem });
		});
		this.#wake();
	}

	/** Makes ready what takes a while and is not needed yet. */
	warm(): void {
		void this.#unready.makeReady();
	}

	/** No step begins any more. What idle slots hold is saved, where there is a place that survives. */
	async stop(): Promise<void> {
		this.#isStopped = true;
		this.#layoutSwitch.busy();
		this.#engine.abort();
		if (!this.#isRunning && this.#options.prefixCacheDirectory !== null) {
			this.#scheduler.ledger.saveIdle(false);
			await this.#applyOperations(this.#scheduler.ledger.takeOperations());
		}
		await this.#store?.close();
	}

	#submitChoice(request: SubmittedRequest, choice: number): void {
		const adapter = combinationKey(request.adapters);
		const constraint =
			request.grammar && this.#constrained.create(request.grammar);
		const sequence = this.#scheduler.submit({
			request: request.number,
			choice,
			promptTokens: request.promptTokens,
			maxTokens: request.maxTokens,
			minTokens: request.minTokens,
			stopTokenIds: new Set(request.stopTokenIds),
			wantsPromptLogits: request.promptLogprobs !== null && choice === 0,
			priority: request.priority,
			tenant: request.tenant,
			adapter,
			adapterIds: request.adapters.map(({ file }) => file.id),
			namespace: prefixNamespace(adapter, request.cacheSalt),
			...(constraint && {
				fittingTokens: (guess: Int32Array) =>
					this.#constrained.timed(() => constraint.fittingTokens(guess)),
			}),
		});
		const seed = (request.sampling.seed + choice) >>> 0;
		const sampler = this.#engine.createSampler({ ...request.sampling, seed });
		for (const token of request.promptTokens) sampler.accept(token);
		this.#live.set(sequence, {
			request,
			sampler,
			constraint: constraint ?? null,
			arrivedAt: this.#effects.now(),
			promptLogprobsSent: 0,
		});
	}

	/** A broken invariant rejects the promise, which ends the process: the supervisor starts a clean one. */
	#wake(): void {
		if (this.#isRunning || this.#isStopped) return;
		this.#isRunning = true;
		this.#layoutSwitch.busy();
		void this.#run();
	}

	async #run(): Promise<void> {
		while (!this.#isStopped) {
			const overdue = this.#options.adaptsKvLayout
				? this.#layoutSwitch.overdue
				: null;
			if (overdue !== null) await this.#changeLayout(overdue);
			for (const chore of this.#chores.splice(0)) await chore();
			const startedAt = this.#effects.now();
			const plan = this.#scheduler.plan();
			this.#layoutSwitch.hearAwaiting(this.#scheduler.awaiting);
			for (const sequence of plan.dropped) this.#forget(sequence);
			for (const sequence of plan.started) {
				const arrivedAt = this.#live.get(sequence)?.arrivedAt ?? startedAt;
				this.#reporter.started(sequence, startedAt, arrivedAt);
			}
			const isReady =
				plan.operations.length === 0 ||
				(await this.#applyOperations(plan.operations));
			if (!isReady) continue;
			if (plan.entries.length === 0) {
				if (this.#chores.length > 0) continue;
				break;
			}
			await this.#step(plan, startedAt);
		}
		this.#scheduler.checkIntegrity();
		const load = this.#reporter.load(this.#scheduler);
		this.#effects.send({ type: "idle", load });
		this.#isRunning = false;
		if (this.#options.adaptsKvLayout && !this.#isStopped)
			this.#layoutSwitch.idle((layout) => void this.#changeWhileIdle(layout));
	}

	/** False when a slot did not get what the plan counts on: decide again. */
	async #applyOperations(operations: StepPlan["operations"]): Promise<boolean> {
		const { failed, forgotten, savedTokens, restoredTokens } =
			await this.#memory.apply(operations);
		this.#reporter.counts.savedTokens += savedTokens;
		this.#reporter.counts.restoredTokens += restoredTokens;
		for (const id of forgotten) this.#scheduler.saved.remove(id);
		for (const { slot, savedId } of failed)
			this.#scheduler.restoreFailed(slot, savedId);
		return failed.length === 0;
	}

	async #step(plan: StepPlan, startedAt: number): Promise<void> {
		try {
			await this.#applyAdapters(plan);
			fillBatch(this.#engine.batch, plan);
			const runAt = this.#effects.now();
			const computed = this.#engine.run(plan.tokenCount);
			prepareMasks({ live: this.#live, constrained: this.#constrained }, plan);
			const result = await computed;
			if (result === "ok") {
				const seconds = (this.#effects.now() - runAt) / 1000;
				this.#scheduler.learn(plan, seconds);
				return this.#commit(plan, startedAt);
			}
			this.#scheduler.rollback(plan);
			if (result === "no-space") this.#scheduler.preemptAllButOldest();
		} catch (thrown) {
			this.#failStep(plan, thrown);
		}
	}

	async #applyAdapters({ entries }: StepPlan): Promise<void> {
		const live = entries[0] && this.#live.get(entries[0].sequence);
		const ids = this.#scheduler.running.flatMap((one) => one.adapterIds);
		await this.#adapters.apply(live?.request.adapters ?? [], new Set(ids));
	}

	#commit(plan: StepPlan, startedAt: number): void {
		this.#layoutSwitch.observe(
			plan,
			this.#scheduler.ledger.distinctRunningCells,
		);
		const { findings, ended, failures } = sampleStep(
			{
				engine: this.#engine,
				scheduler: this.#scheduler,
				live: this.#live,
				constrained: this.#constrained,
			},
			plan,
		);
		const seconds = (this.#effects.now() - startedAt) / 1000;
		this.#effects.send(
			this.#reporter.step(plan, findings, ended, seconds, this.#scheduler),
		);
		for (const { sequence } of ended) this.#forget(sequence);
		for (const [number, thrown] of failures) {
			this.#cancelAll(number);
			this.#fail([number], thrown);
		}
	}

	async #changeWhileIdle(layout: KvLayout): Promise<void> {
		if (this.#isRunning || this.#isStopped) return;
		this.#isRunning = true;
		await this.#changeLayout(layout);
		this.#isRunning = false;
		if (this.#scheduler.waitingCount + this.#chores.length > 0) this.#wake();
	}

	/** Between two steps. What is cached moves through the store of saved states, if there is one. */
	async #changeLayout(layout: KvLayout): Promise<void> {
		this.#held = [];
		const { ledger, saved } = this.#scheduler;
		const hasWork = this.#scheduler.runningCount > 0;
		const sequences = this.#scheduler.evacuate();
		ledger.saveIdle(hasWork);
		await this.#applyOperations(ledger.takeOperations());
		await this.#engine.changeLayout(layout);
		const costs = memoryCosts(this.#engine, this.#stepCost);
		this.#memory = this.#createMemory(costs);
		this.#scheduler = this.#createScheduler(costs, saved);
		this.#scheduler.adopt(sequences);
		this.#reporter.counts.restart();
		this.#layoutSwitch.changed();
		const held = this.#held;
		this.#held = null;
		const reason =
			layout === "unified"
				? "requests share long prefixes"
				: "requests share little";
		this.#log(
			"info",
			`The KV cache is ${this.#engine.info.kvLayout} now: ${reason}.`,
		);
		for (const request of held) this.submit(request);
	}

	#createMemory(costs: LearnedMemoryCosts): EngineMemory {
		return new EngineMemory({
			engine: this.#engine,
			saved: this.#store,
			costs,
			now: this.#effects.now,
			log: (message) => this.#log("warn", message),
		});
	}

	#createScheduler(
		costs: LearnedMemoryCosts,
		saved: SavedPrefixes | undefined,
	): Scheduler {
		const limits = schedulerLimits(
			this.#engine,
			this.#options,
			this.#store !== null,
			costs,
		);
		return new Scheduler(limits, this.#stepCost, saved);
	}

	/** The engine could not compute this step: what took part ends with the error, what did not goes on. */
	#failStep(plan: StepPlan, thrown: unknown): void {
		const numbers = new Set(
			plan.entries.map(({ sequence }) => sequence.spec.request),
		);
		this.#scheduler.rollback(plan);
		for (const number of numbers) this.#cancelAll(number);
		this.#fail([...numbers], thrown);
	}

	#cancelAll(number: number): void {
		for (const sequence of this.#live.keys())
			if (sequence.spec.request === number) this.#scheduler.cancel(sequence);
	}

	#fail(numbers: readonly number[], thrown: unknown): void {
		const error =
			thrown instanceof GalleyError ? thrown : toGalleyError(thrown);
		if (error !== thrown) this.#log("error", `engine loop: ${String(thrown)}`);
		this.#effects.send({
			type: "failed",
			numbers,
			code: error.code,
			message: error.message,
		});
	}

	#log(level: "info" | "warn" | "error", message: string): void {
		this.#effects.send({ type: "log", level, message });
	}

	#forget(sequence: Sequence): void {
		this.#live.get(sequence)?.sampler[Symbol.dispose]();
		this.#live.delete(sequence);
	}
}
