import { exitCodes } from "./exit-codes.ts";

/** Whether this process has been told to end. */
export interface EndSignal extends Disposable {
	readonly signal: AbortSignal;
	/** Why, for the log. */
	readonly reason: string;
	/** It was Ctrl-C. */
	readonly isInterrupt: boolean;
}

/** Listens for Ctrl-C, for SIGTERM, and for the end of the command of ours that started this one. A second one ends at once. */
export function watchEndSignals(): EndSignal {
	const controller = new AbortController();
	let reason = "";
	const end = (why: string) => {
		// A second Ctrl-C means now.
		if (controller.signal.aborted) process.exit(exitCodes.interrupted);
		reason = why;
		controller.abort();
	};
	const interrupt = () => end("Interrupted");
	const terminate = () => end("Asked to end");
	const leave = () => end("Left alone");
	process.on("SIGINT", interrupt);
	process.on("SIGTERM", terminate);
	// Nobody needs a service that was started for a command which is gone.
	if (process.connected) process.on("disconnect", leave);
	return {
		signal: controller.signal,
		get reason() {
			return reason;
		},
		get isInterrupt() {
			return reason === "Interrupted";
		},
		[Symbol.dispose]() {
			process.off("SIGINT", interrupt);
			process.off("SIGTERM", terminate);
			process.off("disconnect", leave);
		},
	};
}
