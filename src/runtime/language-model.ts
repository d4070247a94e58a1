import { randomInt } from "node:crypto";
import type { ChatMessage } from "../core/chat-message.ts";
import { GalleyError } from "../core/errors.ts";
import type { GenerationRequest } from "../core/generation-request.ts";
import type {
	ChatTemplateOptions,
	LanguageService,
	LiveState,
	ModelEntry,
	ModelFacts,
	ServiceLoad,
	ServiceState,
} from "../core/language-service.ts";
import type { StreamEvent, TokenLogprob } from "../core/stream-event.ts";
import type { EngineInfo, ModelVocabulary } from "../engine/engine.ts";
import type { Logger } from "../observability/logger.ts";
import type { ServiceMetrics } from "../observability/service-metrics.ts";
import type { ChatTemplates } from "../text/chat-template.ts";
import { ChoiceText } from "../text/choice-text.ts";
import type { TokenTexts } from "../text/token-texts.ts";
import {
	AdmissionQueue,
	type QueueLimits,
	toArrival,
} from "./admission-queue.ts";
import { controlTokenTexts } from "./control-tokens.ts";
import type {
	LoadReport,
	LogprobReport,
	StepReport,
} from "./engine-protocol.ts";
import type { EngineSupervisor } from "./engine-supervisor.ts";
import { FirstTokenDeadlines } from "./first-token-deadlines.ts";
import { LiveRequest } from "./live-request.ts";
import { toLiveState } from "./live-state.ts";
import { toTokenLogprob } from "./logprobs.ts";
import { observeFinish, observeStep, observeToken } from "./request-metrics.ts";

export interface LanguageModelOptions {
	entry: ModelEntry;
	facts: ModelFacts;
	vocabulary: ModelVocabulary;
	templates: ChatTemplates;
	/** Token texts without and with control tokens shown. */
	tokenTexts: { plain: TokenTexts; withSpecialTokens: TokenTexts };
	/** Started already, so that the weights load while the rest of the service is put together. */
	supervisor: EngineSupervisor;
	maxSequences: number;
	queue: QueueLimits;
	metrics: ServiceMetrics;
	logger: Logger;
}

/**
 * One loaded model: text + scheduler + engine. Requests go to the engine process as tokens, tokens come back once a step
 * for all of them, and leave here as events with text.
 */
export class LanguageModel implements LanguageService, AsyncDisposable {
	readonly model: ModelEntry;
	readonly facts: ModelFacts;
	readonly #options: LanguageModelOptions;
	readonly #supervisor: EngineSupervisor;
	readonly #queue: AdmissionQueue;
	readonly #requests = new Map<number, LiveRequest>();
	readonly #deadlines = new FirstTokenDeadlines((number) =>
		this.#expire(number),
	);
	/** Found when first asked for: it takes a look at every token. */
	#controlTokenTexts: readonly string[] | null = null;
	#nextNumber = 1;
	#engineLoad: LoadReport = {
		running: 0,
		waiting: 0,
		waitingFor: { slot: 0, memory: 0, prefix: 0 },
		kvCacheUsage: 0,
		retainedTokens: 0,
		savedTokens: 0,
		kvLayout: "unified",
		targetItlMs: 50,
		residentBytes: 0,
	};
	#isDraining = false;
	#onEmpty: (() => void) | null = null;
	#stateListeners: ((state: ServiceState) => void)[] = [];

	constructor(options: LanguageModelOptions) {
		this.#options = options;
		this.model = options.entry;
		this.facts = options.facts;
		this.#queue = new AdmissionQueue(options.queue);
		this.#supervisor = options.supervisor;
		this.#supervisor.attach({
			onStep: (report) => this.#hearStep(report),
			onIdle: (load) => {
				this.#engineLoad = load;
			},
			onFailed: (number, error) => this.#fail(number, error),
			onState: (state) => this.#hearState(state),
		});
		options.metrics.setLoad(() => this.load());
		options.metrics.setEngineGauges(() => this.#engineLoad);
	}

	/** Resolves when the model answers for the first time; rejects with the reason when it cannot be loaded. */
	whenReady(): Promise<EngineInfo> {
		return new Promise<EngineInfo>((resolve, reject) => {
			const listener = (state: ServiceState) => {
				if (state.phase === "ready")
					resolve(this.#supervisor.info as EngineInfo);
				if (state.phase === "failed")
					reject(new GalleyError("model_unusable", state.reason));
			};
			this.#stateListeners.push(listener);
			listener(this.state());
		});
	}

	/** Hears the state now and every change of it. */
	onState(listener: (state: ServiceState) => void): void {
		this.#stateListeners.push(listener);
		listener(this.state());
	}

	/** New requests are refused from now on; resolves when those in flight are done, or have been ended after the limit. */
	async drain(timeoutMs: number): Promise<void> {
		this.#isDraining = true;
		this.#options.metrics.setReady(false);
		if (this.#requests.size > 0) {
			let timer: NodeJS.Timeout | undefined;
			const empty = new Promise<void>((resolve) => {
				this.#onEmpty = resolve;
			});
			const late = new Promise<void>((resolve) => {
				timer = setTimeout(resolve, timeoutMs);
			});
			await Promise.race([empty, late]);
			clearTimeout(timer);
		}
		await this.#supervisor.stop();
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.drain(0);
		this.#options.vocabulary[Symbol.dispose]();
	}

	get engineProcessId(): number | null {
		return this.#supervisor.processId;
	}

	models(): readonly ModelEntry[] {
		return [this.model];
	}

	state(): ServiceState {
		return this.#isDraining ? { phase: "draining" } : this.#supervisor.state;
	}

	load(): ServiceLoad {
		const { kvCacheUsage } = this.#engineLoad;
		const waiting = this.#queue.waitingRequests;
		const { maxSequences } = this.#options;
		return {
			running: this.#requests.size - waiting,
			waiting,
			kvCacheUsage,
			maxSequences,
		};
	}

	async liveState(): Promise<LiveState | null> {
		const snapshot = await this.#supervisor.inspect();
		return snapshot && toLiveState(snapshot, this.#requests);
	}

	tokenize(
		text: string,
		options: { addSpecial: boolean; parseSpecial: boolean },
	): Int32Array {
		return this.#options.vocabulary.tokenize(text.toWellFormed(), options);
	}

	detokenize(
		tokens: Iterable<number>,
		options: { renderSpecialTokens: boolean },
	): string {
		const text = new ChoiceText(
			this.#textsOf(options.renderSpecialTokens),
			[],
			false,
		);
		let whole = "";
		for (const token of tokens) whole += text.push(token, false);
		return whole + text.flush();
	}

	tokenBytes(token: number): Uint8Array {
		return this.#options.vocabulary.tokenBytes(token, true);
	}

	renderChat(
		messages: readonly ChatMessage[],
		options: ChatTemplateOptions,
	): string {
		return this.#options.templates.render(messages, options);
	}

	get controlTokenTexts(): readonly string[] {
		this.#controlTokenTexts ??= controlTokenTexts(this.#options.vocabulary);
		return this.#controlTokenTexts;
	}

	needsBos(renderedChat: string): boolean {
		const { vocabulary, templates } = this.#options;
		return vocabulary.addsBos && !templates.writesBos(renderedChat);
	}

	generate(
		request: GenerationRequest,
		onEvent: (event: StreamEvent) => void,
	): () => void {
		const number = this.#nextNumber++;
		const { stop, sampling } = request;
		const texts = this.#textsOf(request.renderSpecialTokens);
		const createText = () =>
			new ChoiceText(texts, stop.stopStrings, stop.includeStopString);
		const now = performance.now();
		const live = new LiveRequest(number, request, createText, onEvent, now);
		const refusal = this.#admit(number, request, now);
		if (refusal !== null) {
			this.#options.metrics.requestRejected(refusal.code);
			queueMicrotask(() => live.fail(refusal));
			return () => undefined;
		}
		this.#requests.set(number, live);
		this.#deadlines.set(number, request.deadlineMs);
		this.#options.metrics.requestReceived(request.promptTokens.length);
		this.#supervisor.submit({
			number,
			promptTokens: request.promptTokens,
			choices: request.choices,
			sampling: { ...sampling, seed: sampling.seed ?? randomInt(2 ** 32) },
			maxTokens: stop.maxTokens,
			minTokens: stop.minTokens,
			stopTokenIds: stop.stopTokenIds,
			ignoreEos: stop.ignoreEos,
			logprobs: request.logprobs,
			promptLogprobs: request.promptLogprobs,
			priority: request.priority,
			tenant: request.tenant,
			cacheSalt: request.cacheSalt,
		});
		return () =>
			this.#cancel(
				number,
				new GalleyError("client_closed", "The client went away."),
			);
	}

	#textsOf(renderSpecialTokens: boolean): TokenTexts {
		const { plain, withSpecialTokens } = this.#options.tokenTexts;
		return renderSpecialTokens ? withSpecialTokens : plain;
	}

	/** Null when the request is in the queue now. */
	#admit(
		number: number,
		request: GenerationRequest,
		now: number,
	): GalleyError | null {
		const state = this.state();
		if (state.phase === "draining") {
			return new GalleyError(
				"draining",
				"The service is shutting down; send the request elsewhere.",
				{ retryAfterSeconds: 10 },
			);
		}
		if (state.phase !== "ready") {
			const retryAfterSeconds =
				state.phase === "restarting" ? state.retryAfterSeconds : 5;
			return new GalleyError(
				"engine_unavailable",
				`The model is not ready (${state.phase}).`,
				{ retryAfterSeconds },
			);
		}
		const arrival = toArrival(request, this.model.maxModelLength);
		return this.#queue.admit(number, arrival, now);
	}

	#hearStep(report: StepReport): void {
		const now = performance.now();
		this.#engineLoad = report.load;
		observeStep(this.#options.metrics, report, this.#requests);
		this.#queue.hearStep(report, now);
		for (const { number, cachedTokens, queueSeconds } of report.started)
			this.#requests.get(number)?.started(cachedTokens, queueSeconds, now);
		for (const { number, entries } of report.promptLogprobs) {
			this.#requests
				.get(number)
				?.addPromptLogprobs(
					entries.map((entry) => entry && this.#tokenLogprob(entry)),
				);
		}
		const { tokens, logprobs } = report;
		for (let index = 0; index < tokens.length; index += 3) {
			const logprob = logprobs?.[index / 3] ?? null;
			this.#hearToken(
				tokens[index] as number,
				tokens[index + 1] as number,
				tokens[index + 2] as number,
				logprob,
				now,
			);
		}
		for (const { number, choice, reason, stopToken } of report.ended) {
			const live = this.#requests.get(number);
			if (live === undefined) continue;
			live.ended(choice, reason, stopToken);
			if (live.isOver) this.#finish(live, now);
		}
	}

	#hearToken(
		number: number,
		choice: number,
		token: number,
		logprob: LogprobReport | null,
		now: number,
	): void {
		const live = this.#requests.get(number);
		if (live === undefined) return;
		this.#deadlines.clear(number);
		observeToken(this.#options.metrics, live, choice, now);
		const isStopped = live.token(
			choice,
			token,
			logprob && this.#tokenLogprob(logprob),
			now,
		);
		if (isStopped) {
			this.#supervisor.cancel(number, choice);
			this.#queue.endChoice(number);
		}
		if (live.isOver) this.#finish(live, now);
	}

	#finish(live: LiveRequest, now: number): void {
		this.#supervisor.forget(live.number);
		this.#remove(live.number);
		observeFinish(this.#options.metrics, live, now);
	}

	#cancel(number: number, error: GalleyError): void {
		if (!this.#requests.has(number)) return;
		this.#supervisor.cancel(number, null);
		this.#fail(number, error);
	}

	#expire(number: number): void {
		const live = this.#requests.get(number);
		if (live === undefined || live.times.firstTokenAt !== null) return;
		this.#queue.hearExpiry(number, performance.now());
		const message =
			"The first token did not come before the deadline; send a later deadline, or try again when there is less to do.";
		this.#cancel(
			number,
			new GalleyError("deadline_exceeded", message, { param: "deadline_ms" }),
		);
	}

	#fail(number: number, error: GalleyError): void {
		const live = this.#requests.get(number);
		if (live === undefined) return;
		this.#remove(number);
		this.#options.metrics.requestFailed(error.code);
		live.fail(error);
	}

	#remove(number: number): void {
		this.#requests.delete(number);
		this.#deadlines.clear(number);
		this.#queue.leave(number);
		if (this.#requests.size === 0) this.#onEmpty?.();
	}

	#hearState(state: ServiceState): void {
		this.#options.metrics.setReady(
			state.phase === "ready" && !this.#isDraining,
		);
		if (state.phase === "restarting") this.#options.metrics.engineRestarted();
		for (const listener of this.#stateListeners) listener(state);
	}

	#tokenLogprob(report: LogprobReport): TokenLogprob {
		return toTokenLogprob(report, (token) => this.tokenBytes(token));
	}
}
