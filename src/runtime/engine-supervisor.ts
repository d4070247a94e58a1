import type { ChildProcess } from "node:child_process";
import type { AdapterFile } from "../adapters/adapter-file.ts";
import { GalleyError } from "../core/errors.ts";
import type { ServiceState } from "../core/language-service.ts";
import type { EngineInfo } from "../engine/engine.ts";
import { AdapterChecks } from "./adapter-checks.ts";
import { forkEngineProcess } from "./engine-child.ts";
import type {
	EngineMessage,
	EngineSnapshot,
	HostMessage,
	LoadOptions,
	StepReport,
	SubmittedRequest,
} from "./engine-protocol.ts";

export interface SupervisorEvents {
	onStep(report: StepReport): void;
	onIdle(load: StepReport["load"]): void;
	/** The request ended with this error. */
	onFailed(number: number, error: GalleyError): void;
	onState(state: ServiceState): void;
}

export interface SupervisorOptions {
	load: LoadOptions;
	/** Failures so far (from 1) to milliseconds before the next start. */
	backoffMs: (attempt: number) => number;
	onLog(level: "debug" | "info" | "warn" | "error", message: string): void;
}

/** A process that dies while it loads for the first time is short of something that trying again rarely brings. */
const maxFirstLoads = 3;

/** Between two steps the engine answers at once; a step that takes longer than this is not worth waiting for. */
const inspectTimeoutMs = 5000;

interface Inquiry {
	number: number;
	answer: Promise<EngineSnapshot | null>;
	resolve(snapshot: EngineSnapshot | null): void;
}

interface InFlight {
	request: SubmittedRequest;
	hasOutput: boolean;
	isRetried: boolean;
}

/** How long an engine process may take to end by itself. */
const stopMs = 2000;
const writingStopMs = 20_000;

/**
 * Owns the engine process: starts it, keeps track of what is in flight, and starts it again when it dies.
 *
 *     loading -> ready -> (process dies) -> restarting -> loading -> ready
 *             \-> failed (the first load said no: a wrong file does not become right by trying again;
 *                         or the process died in it three times)
 *
 * When the process dies, requests that have produced something end with `engine_crashed`; those that have not are
 * submitted once more to the next process, and their owners notice nothing but time.
 */
export class EngineSupervisor {
	readonly #options: SupervisorOptions;
	#events: SupervisorEvents | null = null;
	readonly #inFlight = new Map<number, InFlight>();
	#child: ChildProcess | null = null;
	#state: ServiceState = { phase: "loading", progress: 0, etaSeconds: null };
	#info: EngineInfo | null = null;
	#attempt = 0;
	#restartTimer: NodeJS.Timeout | null = null;
	#startedAt = 0;
	/** How long the last load took: the next one will take about as long. */
	#loadMs = 1000;
	#isStopping = false;
	#inquiry: Inquiry | null = null;
	readonly #adapterChecks = new AdapterChecks((message) => this.#send(message));
	#nextInquiry = 1;

	constructor(options: SupervisorOptions) {
		this.#options = options;
	}

	/** Apart from the constructor, because the process is started before anybody who listens has been built: both take time. */
	attach(events: SupervisorEvents): void {
		this.#events = events;
		events.onState(this.#state);
	}

	get state(): ServiceState {
		return this.#state;
	}

	/** Null until the first load is done. */
	get info(): EngineInfo | null {
		return this.#info;
	}

	get processId(): number | null {
		return this.#child?.pid ?? null;
	}

	/** `child` is an engine process that waits for its first message already; else one is started. */
	start(child: ChildProcess = forkEngineProcess()): void {
		this.#startedAt = performance.now();
		this.#child = child;
		child.on("message", (message: EngineMessage) => {
			if (child === this.#child) this.#hear(message);
		});
		child.on("error", (error) =>
			this.#options.onLog("error", `engine process: ${error.message}`),
		);
		child.on("exit", (code, signal) => {
			if (child === this.#child) this.#lost(signal ?? `exit code ${code}`);
		});
		this.#send({ type: "load", load: this.#options.load });
	}

	submit(request: SubmittedRequest): void {
		this.#inFlight.set(request.number, {
			request,
			hasOutput: false,
			isRetried: false,
		});
		if (this.#state.phase === "ready") this.#send({ type: "submit", request });
	}

	/** After this nothing more is said of the request or choice. */
	cancel(number: number, choice: number | null): void {
		if (choice === null) this.#inFlight.delete(number);
		this.#send({ type: "cancel", number, choice });
	}

	/** The owner has heard all of it. */
	forget(number: number): void {
		this.#inFlight.delete(number);
	}

	/** What the engine holds now; null when it isn't ready, dies, or says nothing in time. Who asks meanwhile shares the answer. */
	inspect(): Promise<EngineSnapshot | null> {
		if (this.#inquiry !== null) return this.#inquiry.answer;
		if (this.#state.phase !== "ready") return Promise.resolve(null);
		const number = this.#nextInquiry++;
		let settle: (snapshot: EngineSnapshot | null) => void = () => undefined;
		const answer = new Promise<EngineSnapshot | null>((resolve) => {
			settle = resolve;
		});
		const timer = setTimeout(
			() => this.#answerInquiry(number, null),
			inspectTimeoutMs,
		);
		const resolve = (snapshot: EngineSnapshot | null) => {
			clearTimeout(timer);
			settle(snapshot);
		};
		this.#inquiry = { number, answer, resolve };
		this.#send({ type: "inspect", inquiry: number });
		return answer;
	}

	/** Whether the model can be used with an adapter; rejects with the reason why not. Waits for an engine that is not ready. */
	checkAdapter(file: AdapterFile): Promise<void> {
		return this.#adapterChecks.ask(file, this.#state.phase === "ready");
	}

	async stop(): Promise<void> {
		this.#isStopping = true;
		this.#adapterChecks.giveUp("the service is shutting down");
		if (this.#restartTimer !== null) clearTimeout(this.#restartTimer);
		const child = this.#child;
		if (child === null || child.exitCode !== null || child.signalCode !== null)
			return;
		const gone = new Promise<void>((resolve) =>
			child.once("exit", () => resolve()),
		);
		this.#send({ type: "shutdown" });
		// A long step does not hear the message until it is done.
		// With a directory, what is cached is being written there.
		const { scheduling } = this.#options.load;
		const writes = (scheduling?.prefixCacheDirectory ?? null) !== null;
		const patienceMs = writes ? writingStopMs : stopMs;
		const killTimer = setTimeout(() => child.kill("SIGKILL"), patienceMs);
		await gone;
		clearTimeout(killTimer);
	}

	#send(message: HostMessage): void {
		// The callback takes the error of a channel that closed under us; the exit event deals with the requests.
		if (this.#child?.connected)
			this.#child.send(
				message,
				(error) => error && this.#options.onLog("debug", error.message),
			);
	}

	#hear(message: EngineMessage): void {
		switch (message.type) {
			case "loading":
				this.#setState({
					phase: "loading",
					progress: message.progress,
					etaSeconds: this.#eta(message.progress),
				});
				break;
			case "ready":
				this.#info = message.info;
				this.#loadMs = performance.now() - this.#startedAt;
				this.#setState({ phase: "ready" });
				for (const { request } of this.#inFlight.values())
					this.#send({ type: "submit", request });
				this.#adapterChecks.askAgain();
				break;
			case "load-failed":
				this.#loadFailed(new GalleyError(message.code, message.message));
				break;
			case "step":
				this.#attempt = 0;
				this.#markOutput(message);
				this.#events?.onStep(message);
				break;
			case "snapshot":
				this.#answerInquiry(message.inquiry, message);
				break;
			case "adapter-checked":
				this.#adapterChecks.answer(message);
				break;
			case "idle":
				this.#events?.onIdle(message.load);
				break;
			case "failed":
				for (const number of message.numbers)
					this.#endWith(number, new GalleyError(message.code, message.message));
				break;
			case "log":
				this.#options.onLog(message.level, message.message);
				break;
		}
	}

	/** A late answer to an older inquiry is nobody's. */
	#answerInquiry(number: number, snapshot: EngineSnapshot | null): void {
		if (this.#inquiry?.number !== number) return;
		const { resolve } = this.#inquiry;
		this.#inquiry = null;
		resolve(snapshot);
	}

	#markOutput(report: StepReport): void {
		// Of prompt log-probabilities too, a second try would bring the first ones again.
		for (const { number } of report.promptLogprobs) {
			const entry = this.#inFlight.get(number);
			if (entry !== undefined) entry.hasOutput = true;
		}
		for (let index = 0; index < report.tokens.length; index += 3) {
			const entry = this.#inFlight.get(report.tokens[index] as number);
			if (entry !== undefined) entry.hasOutput = true;
		}
	}

	#eta(progress: number): number | null {
		if (progress <= 0) return null;
		return (
			(((performance.now() - this.#startedAt) / 1000) * (1 - progress)) /
			progress
		);
	}

	#loadFailed(error: GalleyError): void {
		this.#child?.disconnect();
		if (this.#info !== null) return; // It has worked before: the exit that follows schedules another try.
		this.#giveUp(error);
	}

	#giveUp(error: GalleyError): void {
		this.#isStopping = true;
		this.#adapterChecks.giveUp(error.message);
		this.#setState({ phase: "failed", reason: error.message });
		for (const number of [...this.#inFlight.keys()])
			this.#endWith(number, error);
	}

	#lost(how: string): void {
		this.#child = null;
		if (this.#inquiry !== null) this.#answerInquiry(this.#inquiry.number, null);
		if (this.#isStopping) {
			for (const number of [...this.#inFlight.keys()]) {
				this.#endWith(
					number,
					new GalleyError("draining", "The service is shutting down.", {
						retryAfterSeconds: 10,
					}),
				);
			}
			return;
		}
		this.#attempt++;
		if (this.#info === null && this.#attempt === maxFirstLoads) {
			this.#giveUp(
				new GalleyError(
					"engine_error",
					`The engine process ended ${maxFirstLoads} times while it loaded the model (${how}). Look for a lack of memory, or a damaged file.`,
				),
			);
			return;
		}
		const delayMs = this.#options.backoffMs(this.#attempt);
		const retryAfterSeconds = Math.max(
			1,
			Math.ceil((delayMs + this.#loadMs) / 1000),
		);
		this.#options.onLog(
			"error",
			`The engine process ended (${how}); starting it again in ${Math.round(delayMs)} ms.`,
		);
		this.#setState({
			phase: "restarting",
			retryAfterSeconds,
			reason: `the engine process ended (${how})`,
		});
		for (const [number, entry] of [...this.#inFlight]) {
			if (!entry.hasOutput && !entry.isRetried) {
				entry.isRetried = true;
				continue;
			}
			const message =
				"The engine process ended while this request was running; try it again.";
			this.#endWith(
				number,
				new GalleyError("engine_crashed", message, { retryAfterSeconds }),
			);
		}
		this.#restartTimer = setTimeout(() => this.start(), delayMs);
	}

	#endWith(number: number, error: GalleyError): void {
		if (this.#inFlight.delete(number)) this.#events?.onFailed(number, error);
	}

	#setState(state: ServiceState): void {
		this.#state = state;
		this.#events?.onState(state);
	}
}
