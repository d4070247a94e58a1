import { GalleyError } from "../core/errors.ts";
import type { EngineInfo } from "../engine/engine.ts";
import type {
	LoadOptions,
	StepReport,
	SubmittedRequest,
} from "../runtime/engine-protocol.ts";
import { EngineSupervisor } from "../runtime/engine-supervisor.ts";

export interface SessionRequest {
	promptTokens: Int32Array;
	maxTokens: number;
	/** What one step brought, at least one; more when guesses were right. */
	onTokens(count: number): void;
	onEnd(): void;
	onFailed(error: GalleyError): void;
}

/** One loaded model in the very engine process that serves: scheduler, sampler and all. Only HTTP and text are left out. */
export class EngineSession implements AsyncDisposable {
	readonly #supervisor: EngineSupervisor;
	readonly #requests = new Map<number, SessionRequest>();
	readonly #sampling: SubmittedRequest["sampling"];
	readonly info: EngineInfo;
	#onStep: ((report: StepReport) => void) | null = null;
	#mostResidentBytes = 0;
	#nextNumber = 1;

	private constructor(
		supervisor: EngineSupervisor,
		info: EngineInfo,
		sampling: SubmittedRequest["sampling"],
	) {
		this.#supervisor = supervisor;
		this.info = info;
		this.#sampling = sampling;
	}

	/** Rejects with the reason when the model can't be loaded, at the first attempt: here a crash is an answer. */
	static async open(
		load: LoadOptions,
		sampling: SubmittedRequest["sampling"],
		signal: AbortSignal | undefined,
	): Promise<EngineSession> {
		signal?.throwIfAborted();
		let problem: string | null = null;
		const supervisor = new EngineSupervisor({
			load,
			// Never: the first end of the process is the answer.
			backoffMs: () => 3_600_000,
			onLog(level, message) {
				if (level === "error") problem ??= message;
			},
		});
		let onAbort: () => void = () => undefined;
		try {
			return await new Promise<EngineSession>((resolve, reject) => {
				let session: EngineSession | null = null;
				onAbort = () => reject(signal?.reason);
				signal?.addEventListener("abort", onAbort);
				supervisor.attach({
					onStep(report) {
						if (session !== null) session.#hearStep(report);
					},
					onIdle: () => undefined,
					onFailed(number, error) {
						// What the engine didn't expect is only told in its log.
						const told =
							error.code === "internal" && problem !== null
								? new GalleyError("engine_error", problem, { cause: error })
								: error;
						if (session !== null) session.#fail(number, told);
					},
					onState(state) {
						if (state.phase === "ready" && supervisor.info !== null) {
							session = new EngineSession(
								supervisor,
								supervisor.info,
								sampling,
							);
							resolve(session);
						} else if (state.phase === "failed") {
							reject(new GalleyError("model_unusable", state.reason));
						} else if (state.phase === "restarting") {
							const error = new GalleyError("engine_crashed", state.reason);
							if (session !== null) session.#failAll(error);
							reject(error);
						}
					},
				});
				supervisor.start();
			});
		} catch (error) {
			await supervisor.stop();
			throw error;
		} finally {
			signal?.removeEventListener("abort", onAbort);
		}
	}

	get processId(): number | null {
		return this.#supervisor.processId;
	}

	/** As the engine process told it itself, where the operating system doesn't tell the peak. */
	get mostResidentBytes(): number {
		return this.#mostResidentBytes;
	}

	onStep(listener: ((report: StepReport) => void) | null): void {
		this.#onStep = listener;
	}

	/** Returns what cancels it; after that nothing more is said of it. */
	submit(request: SessionRequest): () => void {
		const number = this.#nextNumber++;
		this.#requests.set(number, request);
		this.#supervisor.submit({
			number,
			promptTokens: request.promptTokens,
			choices: 1,
			sampling: { ...this.#sampling, seed: number },
			maxTokens: request.maxTokens,
			minTokens: 0,
			stopTokenIds: [],
			ignoreEos: true,
			logprobs: null,
			promptLogprobs: null,
			priority: 0,
			tenant: "",
			cacheSalt: "",
			adapters: [],
		});
		return () => {
			if (this.#requests.delete(number)) this.#supervisor.cancel(number, null);
		};
	}

	async [Symbol.asyncDispose](): Promise<void> {
		this.#requests.clear();
		await this.#supervisor.stop();
	}

	#hearStep(report: StepReport): void {
		this.#mostResidentBytes = Math.max(
			this.#mostResidentBytes,
			report.load.residentBytes,
		);
		this.#onStep?.(report);
		const { tokens } = report;
		const counts = new Map<number, number>();
		for (let index = 0; index < tokens.length; index += 3) {
			const number = tokens[index] as number;
			counts.set(number, (counts.get(number) ?? 0) + 1);
		}
		for (const [number, count] of counts)
			this.#requests.get(number)?.onTokens(count);
		for (const { number } of report.ended) {
			const request = this.#requests.get(number);
			this.#requests.delete(number);
			this.#supervisor.forget(number);
			request?.onEnd();
		}
	}

	#fail(number: number, error: GalleyError): void {
		const request = this.#requests.get(number);
		this.#requests.delete(number);
		request?.onFailed(error);
	}

	#failAll(error: GalleyError): void {
		for (const number of [...this.#requests.keys()]) this.#fail(number, error);
	}
}
