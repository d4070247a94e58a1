import { exitCodes } from "./exit-codes.ts";

/** The end of a command that goes on until somebody has seen enough. */
export interface Interruption extends Disposable {
	readonly signal: AbortSignal;
	readonly exitCode: number;
	/** Enough was seen. */
	quit(): void;
	interrupt(): void;
}

/** Listens for Ctrl-C and SIGTERM until disposed. */
export function untilInterrupted(): Interruption {
	const controller = new AbortController();
	let exitCode: number = exitCodes.ok;
	const interrupt = () => {
		exitCode = exitCodes.interrupted;
		controller.abort();
	};
	process.on("SIGINT", interrupt);
	process.on("SIGTERM", interrupt);
	return {
		signal: controller.signal,
		get exitCode() {
			return exitCode;
		},
		quit: () => controller.abort(),
		interrupt,
		[Symbol.dispose]() {
			process.off("SIGINT", interrupt);
			process.off("SIGTERM", interrupt);
		},
	};
}
