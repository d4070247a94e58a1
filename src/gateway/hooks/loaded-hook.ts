import { GalleyError } from "../../core/errors.ts";
import type { GatewayHook } from "./gateway-hook.ts";
import { hookFailure, hookTimeout } from "./hook-error.ts";

export interface HookLogger {
	warn(fields: object, message: string): void;
}

/** A hook with its name, its time limit and what becomes of its failures. */
export class LoadedHook {
	readonly name: string;
	readonly hook: GatewayHook;
	readonly #timeoutMs: number;
	readonly #onError: "refuse" | "continue";
	readonly #logger: HookLogger;

	constructor(
		name: string,
		hook: GatewayHook,
		{
			timeoutMs,
			onError,
			logger,
		}: {
			timeoutMs: number;
			onError: "refuse" | "continue";
			logger: HookLogger;
		},
	) {
		this.name = name;
		this.hook = hook;
		this.#timeoutMs = timeoutMs;
		this.#onError = onError;
		this.#logger = logger;
	}

	/** Within the time limit; `fallback` is what a failure comes to where failures may pass. */
	async run<Value>(
		call: () => Value | Promise<Value>,
		fallback: Value,
	): Promise<Value> {
		try {
			const value = call();
			return value instanceof Promise ? await this.#inTime(value) : value;
		} catch (thrown) {
			return this.failed(thrown, fallback);
		}
	}

	/** For calls that take no time. */
	runNow<Value>(call: () => Value, fallback: Value): Value {
		try {
			return call();
		} catch (thrown) {
			return this.failed(thrown, fallback);
		}
	}

	/** Throws, or gives the fallback back. */
	failed<Value>(thrown: unknown, fallback: Value): Value {
		const error =
			thrown instanceof GalleyError ? thrown : hookFailure(this.name, thrown);
		this.#logger.warn(
			{ component: "hooks", error: thrown, errorCode: error.code },
			`The hook '${this.name}' failed; ${this.#onError === "refuse" ? "the request is refused" : "the request goes on without it"}.`,
		);
		if (this.#onError === "refuse") throw error;
		return fallback;
	}

	async #inTime<Value>(value: Promise<Value>): Promise<Value> {
		let timer: NodeJS.Timeout | undefined;
		const late = new Promise<never>((_, reject) => {
			timer = setTimeout(
				() => reject(hookTimeout(this.name, this.#timeoutMs)),
				this.#timeoutMs,
			);
		});
		try {
			return await Promise.race([value, late]);
		} finally {
			clearTimeout(timer);
		}
	}
}
