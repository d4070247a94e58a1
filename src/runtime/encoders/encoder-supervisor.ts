import type { ChildProcess } from "node:child_process";
import { GalleyError } from "../../core/errors.ts";
import type { ServiceState } from "../../core/language-service.ts";
import type {
	EncoderInfo,
	EncoderSequence,
} from "../../engine/encoder-engine.ts";
import { forkEncoderProcess } from "./encoder-child.ts";
import type { ComputedBatch } from "./encoder-lanes.ts";
import type {
	EncoderHostMessage,
	EncoderLoadOptions,
	EncoderMessage,
} from "./encoder-protocol.ts";
import { packBatch } from "./packed-batch.ts";

export interface EncoderSupervisorOptions {
	load: EncoderLoadOptions;
	/** Sessions that compute beside each other (see `planLanes`); 1 is one that does all. */
	lanes?: number;
	/** Failures so far (from 1) to milliseconds before the next start. */
	backoffMs: (attempt: number) => number;
	onLog(level: "info" | "error", message: string): void;
	/** For tests. */
	fork?: () => ChildProcess;
}

interface Run {
	message: Extract<EncoderHostMessage, { type: "run" }>;
	resolve(batch: ComputedBatch): void;
	reject(error: GalleyError): void;
}

/** A process that dies while it loads for the first time is short of something that trying again rarely brings. */
const maxFirstLoads = 3;
const stopMs = 2000;

/**
 * Owns the process that holds an encoder, as EngineSupervisor does for language models:
 *
 *     loading -> ready -> (process dies) -> restarting -> ready
 *             \-> failed (the first load said no, or the process died in it three times)
 *
 * A batch is a question without side effects: those that a process died with are asked once more of the next process, each
 * with nothing beside it, and their callers notice nothing but time. If that dies too, the batch is what kills it, and ends
 * as `engine_crashed`.
 */
export class EncoderSupervisor {
	readonly #options: EncoderSupervisorOptions;
	readonly #listeners: ((state: ServiceState) => void)[] = [];
	/** In the order of their sending. */
	readonly #runs = new Map<number, Run>();
	#child: ChildProcess | null = null;
	#state: ServiceState = { phase: "loading", progress: 0, etaSeconds: null };
	#nextNumber = 1;
	#attempt = 0;
	#loadMs = 1000;
	#startedAt = 0;
	#isStopping = false;
	#restartTimer: NodeJS.Timeout | null = null;
	#residentBytes = 0;
	info: EncoderInfo | null = null;
	lanes = 1;

	constructor(options: EncoderSupervisorOptions) {
		this.#options = options;
	}

	get processId(): number | null {
		return this.#child?.pid ?? null;
	}

	/** Of the process, as it last said; 0 while there is none. */
	residentBytes(): number {
		return this.#child === null ? 0 : this.#residentBytes;
	}

	state(): ServiceState {
		return this.#state;
	}

	onState(listener: (state: ServiceState) => void): void {
		this.#listeners.push(listener);
	}

	start(): void {
		this.#startedAt = performance.now();
		const child = (this.#options.fork ?? forkEncoderProcess)();
		this.#child = child;
		child.on("message", (message: EncoderMessage) => {
			if (child === this.#child) this.#hear(message);
		});
		child.on("error", (error) =>
			this.#options.onLog("error", `engine process: ${error.message}`),
		);
		child.on("exit", (code, signal) => {
			if (child === this.#child) this.#lost(signal ?? `exit code ${code}`);
		});
		const { load, lanes = 1 } = this.#options;
		this.#send({ type: "load", load, lanes });
	}

	/** Resolves when the model can be used; rejects when it can't be loaded. */
	whenReady(): Promise<EncoderInfo> {
		return new Promise((resolve, reject) => {
			const look = (state: ServiceState) => {
				if (state.phase === "ready" && this.info !== null) resolve(this.info);
				if (state.phase === "failed")
					reject(new GalleyError("model_unusable", state.reason));
			};
			this.onState(look);
			look(this.#state);
		});
	}

	run(sequences: readonly EncoderSequence[]): Promise<ComputedBatch> {
		if (this.#state.phase === "failed")
			return Promise.reject(
				new GalleyError("engine_unavailable", this.#state.reason),
			);
		const number = this.#nextNumber++;
		const batch = packBatch(sequences);
		return new Promise((resolve, reject) => {
			const message: Run["message"] = {
				type: "run",
				number,
				batch,
				isSuspect: false,
			};
			this.#runs.set(number, { message, resolve, reject });
			if (this.#state.phase === "ready") this.#send(message);
		});
	}

	async stop(): Promise<void> {
		this.#isStopping = true;
		if (this.#restartTimer !== null) clearTimeout(this.#restartTimer);
		const child = this.#child;
		if (child === null || child.exitCode !== null || child.signalCode !== null)
			return;
		const gone = new Promise<void>((resolve) =>
			child.once("exit", () => resolve()),
		);
		this.#send({ type: "shutdown" });
		const killTimer = setTimeout(() => child.kill("SIGKILL"), stopMs);
		await gone;
		clearTimeout(killTimer);
	}

	#send(message: EncoderHostMessage): void {
		// The callback takes the error of a channel that closed under us; the exit event deals with the batches.
		if (this.#child?.connected)
			this.#child.send(
				message,
				(error) => error && this.#options.onLog("info", error.message),
			);
	}

	#hear(message: EncoderMessage): void {
		switch (message.type) {
			case "ready":
				this.info = message.info;
				this.lanes = message.lanes;
				this.#residentBytes = message.residentBytes;
				this.#loadMs = performance.now() - this.#startedAt;
				this.#setState({ phase: "ready" });
				for (const run of this.#runs.values()) this.#send(run.message);
				break;
			case "load-failed":
				this.#child?.disconnect();
				// It has worked before: the exit that follows schedules another try.
				if (this.info === null) this.#giveUp(message.message);
				break;
			case "rows": {
				this.#attempt = 0;
				this.#residentBytes = message.residentBytes;
				const run = this.#runs.get(message.number);
				this.#runs.delete(message.number);
				run?.resolve(message);
				break;
			}
			case "run-failed":
				this.#endWith(
					message.number,
					new GalleyError(message.code, message.message),
				);
				break;
		}
	}

	#lost(how: string): void {
		this.#child = null;
		if (this.#isStopping) {
			for (const number of [...this.#runs.keys()])
				this.#endWith(
					number,
					new GalleyError("draining", "The service is shutting down.", {
						retryAfterSeconds: 10,
					}),
				);
			return;
		}
		this.#attempt++;
		if (this.info === null && this.#attempt === maxFirstLoads) {
			this.#giveUp(
				`The engine process ended ${maxFirstLoads} times while it loaded the model (${how}). Look for a lack of memory, or a damaged file.`,
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
		this.#endOrKeep(retryAfterSeconds);
		this.#restartTimer = setTimeout(() => this.start(), delayMs);
	}

	/**
	 * Of the batches under way, the first ones were being computed: any of them may be what it died with, those behind had
	 * no part in it. A suspect is computed alone, so the second death is its own.
	 */
	#endOrKeep(retryAfterSeconds: number): void {
		const [first] = this.#runs;
		if (first === undefined) return;
		const [number, run] = first;
		if (!run.message.isSuspect) {
			for (const { message } of [...this.#runs.values()].slice(0, this.lanes))
				message.isSuspect = true;
			return;
		}
		this.#endWith(
			number,
			new GalleyError(
				"engine_crashed",
				"The engine process ended twice while it computed this request; try it again, in smaller parts.",
				{ retryAfterSeconds },
			),
		);
	}

	#giveUp(reason: string): void {
		this.#isStopping = true;
		this.#setState({ phase: "failed", reason });
		for (const number of [...this.#runs.keys()])
			this.#endWith(number, new GalleyError("engine_unavailable", reason));
	}

	#endWith(number: number, error: GalleyError): void {
		const run = this.#runs.get(number);
		this.#runs.delete(number);
		run?.reject(error);
	}

	#setState(state: ServiceState): void {
		this.#state = state;
		for (const listener of this.#listeners) listener(state);
	}
}
