import type { RequestedAdapter } from "../adapters/adapter-file.ts";
import type { ChatMessage } from "../core/chat-message.ts";
import { GalleyError } from "../core/errors.ts";
import type { GenerationRequest } from "../core/generation-request.ts";
import type {
	AdapterService,
	ChatTemplateOptions,
	LanguageService,
	LiveState,
	ModelEntry,
	ModelFacts,
	ServiceLoad,
	ServiceState,
} from "../core/language-service.ts";
import type { OutputFormat } from "../core/output-format.ts";
import type { StreamEvent, TokenLogprob } from "../core/stream-event.ts";
import type { EngineInfo } from "../engine/engine.ts";
import { ChoiceText } from "../text/choice-text.ts";
import { AdmissionQueue, toArrival } from "./admission-queue.ts";
import type {
	LoadReport,
	LogprobReport,
	StepReport,
} from "./engine-protocol.ts";
import type { EngineSupervisor } from "./engine-supervisor.ts";
import { FirstTokenDeadlines } from "./first-token-deadlines.ts";
import type { LanguageModelOptions } from "./language-model-options.ts";
import { LiveRequest } from "./live-request.ts";
import { toLiveState } from "./live-state.ts";
import { toTokenLogprob } from "./logprobs.ts";
import { ModelText } from "./model-text.ts";
import {
	adapterActivity,
	adapterEntries,
	toRequestedAdapters,
} from "./request-adapters.ts";
import { RequestGrammars } from "./request-grammars.ts";
import { observeEnd, observeStep, observeToken } from "./request-metrics.ts";
import { noLoad, stateRefusal } from "./service-standing.ts";
import { toSubmittedRequest } from "./submitted-request.ts";

/**
 * One loaded model: text + scheduler + engine. Requests go to the engine process as tokens, tokens come back once a step
 * for all of them, and leave here as events with text.
 */
export class LanguageModel implements LanguageService, AsyncDisposable {
	readonly model: ModelEntry;
	readonly facts: ModelFacts;
	readonly outputFormat: OutputFormat;
	readonly fillInMiddle: LanguageService["fillInMiddle"];
	readonly #options: LanguageModelOptions;
	readonly #supervisor: EngineSupervisor;
	readonly #queue: AdmissionQueue;
	readonly #text: ModelText;
	readonly #requests = new Map<number, LiveRequest>();
	readonly #grammars: RequestGrammars;
	readonly #deadlines = new FirstTokenDeadlines((number) =>
		this.#expire(number),
	);
	#nextNumber = 1;
	#engineLoad: LoadReport = noLoad;
	#isDraining = false;
	/** Works that readiness waits for. */
	#unfinished = 0;
	#onEmpty: (() => void) | null = null;
	#stateListeners: ((state: ServiceState) => void)[] = [];

	constructor(options: LanguageModelOptions) {
		this.#options = options;
		this.model = options.entry;
		this.facts = options.facts;
		this.#queue = new AdmissionQueue(options.queue);
		this.#text = new ModelText(options);
		this.outputFormat = this.#text.outputFormat;
		this.fillInMiddle = options.vocabulary.fillInMiddle;
		this.#grammars = new RequestGrammars({
			onCompiled: options.metrics.grammarCompiled,
		});
		this.#supervisor = options.supervisor;
		this.#supervisor.attach({
			onStep: (report) => this.#hearStep(report),
			onIdle: (load) => {
				this.#engineLoad = load;
			},
			onFailed: (number, error) => this.#fail(number, error),
			onState: () => this.#hearState(this.state()),
		});
		options.metrics.setLoad(() => this.load());
		options.metrics.setEngineGauges(() => this.#engineLoad);
		options.metrics.setAdapters(() => ({
			maxAdapters: options.adapters === null ? 0 : options.maxAdapters,
			...adapterActivity(this.#requests.values()),
		}));
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
		this.#grammars[Symbol.dispose]();
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
		return [
			this.model,
			...adapterEntries(this.model, this.#options.adapters?.ready() ?? []),
		];
	}

	get adapters(): AdapterService | null {
		return this.#options.adapters;
	}

	state(): ServiceState {
		if (this.#isDraining) return { phase: "draining" };
		const { state } = this.#supervisor;
		return state.phase === "ready" && this.#unfinished > 0
			? { phase: "loading", progress: 1, etaSeconds: null }
			: state;
	}

	/** Not ready before this is done: adapters that were named at start are part of the service. */
	async readyAfter(work: Promise<unknown>): Promise<void> {
		this.#unfinished++;
		try {
			await work;
		} finally {
			this.#unfinished--;
			this.#hearState(this.state());
		}
	}

	load(): ServiceLoad {
		const { kvCacheUsage } = this.#engineLoad;
		const waiting = this.#queue.waitingRequests;
		const { maxSequences } = this.#options;
		const running = this.#requests.size - waiting;
		return { running, waiting, kvCacheUsage, maxSequences };
	}

	async liveState(): Promise<LiveState | null> {
		const snapshot = await this.#supervisor.inspect();
		return snapshot && toLiveState(snapshot, this.#requests);
	}

	tokenize(
		text: string,
		options: { addSpecial: boolean; parseSpecial: boolean },
	): Int32Array {
		return this.#text.tokenize(text, options);
	}

	detokenize(
		tokens: Iterable<number>,
		options: { renderSpecialTokens: boolean },
	): string {
		return this.#text.detokenize(tokens, options);
	}

	tokenBytes(token: number): Uint8Array {
		return this.#text.tokenBytes(token);
	}

	renderChat(
		messages: readonly ChatMessage[],
		options: ChatTemplateOptions,
	): string {
		return this.#text.renderChat(messages, options);
	}

	get controlTokenTexts(): readonly string[] {
		return this.#text.controlTokenTexts;
	}

	needsBos(renderedChat: string): boolean {
		return this.#text.needsBos(renderedChat);
	}

	generate(
		request: GenerationRequest,
		onEvent: (event: StreamEvent) => void,
	): () => void {
		const number = this.#nextNumber++;
		const { stop } = request;
		const texts = this.#text.textsOf(request.renderSpecialTokens);
		const createText = () =>
			new ChoiceText(texts, stop.stopStrings, stop.includeStopString);
		const now = performance.now();
		const live = new LiveRequest(number, request, createText, onEvent, now);
		const admitted = this.#admit(number, request, now);
		if (admitted instanceof GalleyError) {
			this.#options.metrics.requestRejected(admitted.code);
			queueMicrotask(() => live.fail(admitted));
			return () => undefined;
		}
		this.#requests.set(number, live);
		this.#deadlines.set(number, request.deadlineMs);
		this.#options.metrics.requestReceived(request.promptTokens.length);
		this.#grammars.prepare(
			number,
			request.constraint,
			(grammar) =>
				this.#supervisor.submit(
					toSubmittedRequest(number, request, admitted, grammar),
				),
			(error) => this.#fail(number, error),
		);
		return () =>
			this.#cancel(
				number,
				new GalleyError("client_closed", "The client went away."),
			);
	}

	/** What the engine needs to know of the request's adapters when it is in the queue now, else why it is not. */
	#admit(
		number: number,
		request: GenerationRequest,
		now: number,
	): readonly RequestedAdapter[] | GalleyError {
		const refusal = stateRefusal(this.state());
		if (refusal !== null) return refusal;
		const { adapters, maxAdapters } = this.#options;
		const wanted = toRequestedAdapters(request, adapters, maxAdapters);
		if (wanted instanceof GalleyError) return wanted;
		const arrival = toArrival(request, this.model.maxModelLength);
		return this.#queue.admit(number, arrival, now) ?? wanted;
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
		observeEnd(this.#options, live, null, now);
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
		observeEnd(this.#options, live, error.code, performance.now());
		live.fail(error);
	}

	#remove(number: number): void {
		this.#requests.delete(number);
		this.#deadlines.clear(number);
		this.#grammars.abandon(number);
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
