import type { AdapterFile } from "../adapters/adapter-file.ts";
import { GalleyError } from "../core/errors.ts";
import type { EngineMessage, HostMessage } from "./engine-protocol.ts";

type CheckAnswer = Extract<EngineMessage, { type: "adapter-checked" }>;

/** An engine process that dies over the same adapter so often is not asked again. */
const mostAttempts = 2;

interface PendingCheck {
	attempts: number;
	file: AdapterFile;
	resolve(): void;
	reject(error: GalleyError): void;
}

/** Questions to the engine whether it can use an adapter; they outlive an engine process that dies over its work. */
export class AdapterChecks {
	readonly #send: (message: HostMessage) => void;
	readonly #pending = new Map<number, PendingCheck>();
	#nextCheck = 1;

	constructor(send: (message: HostMessage) => void) {
		this.#send = send;
	}

	/** Without an engine that is ready, the question is put when there is one. */
	ask(file: AdapterFile, isReady: boolean): Promise<void> {
		const check = this.#nextCheck++;
		return new Promise((resolve, reject) => {
			const pending = { attempts: 0, file, resolve, reject };
			this.#pending.set(check, pending);
			if (isReady) this.#put(check, pending);
		});
	}

	askAgain(): void {
		for (const [check, pending] of [...this.#pending]) {
			if (pending.attempts < mostAttempts) {
				this.#put(check, pending);
				continue;
			}
			this.#pending.delete(check);
			const message = `The engine process ended ${mostAttempts} times while it loaded ${pending.file.path}.`;
			pending.reject(new GalleyError("model_unusable", message));
		}
	}

	answer({ check, problem }: CheckAnswer): void {
		const pending = this.#pending.get(check);
		this.#pending.delete(check);
		if (problem === null) pending?.resolve();
		else pending?.reject(new GalleyError(problem.code, problem.message));
	}

	giveUp(reason: string): void {
		for (const { reject } of this.#pending.values())
			reject(
				new GalleyError("engine_unavailable", `There is no engine: ${reason}.`),
			);
		this.#pending.clear();
	}

	#put(check: number, pending: PendingCheck): void {
		pending.attempts++;
		this.#send({ type: "check-adapter", check, file: pending.file });
	}
}
