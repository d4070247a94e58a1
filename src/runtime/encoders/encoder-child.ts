import { type ChildProcess, fork } from "node:child_process";

/** Starts the process that will hold an encoder; it waits for its first message. */
export function forkEncoderProcess(): ChildProcess {
	const entry = new URL(
		import.meta.url.endsWith(".ts")
			? "./encoder-process.ts"
			: "./encoder-process.js",
		import.meta.url,
	);
	return fork(entry, [], {
		serialization: "advanced",
		execArgv: entry.pathname.endsWith(".ts") ? ["--import", "tsx"] : [],
		env: { ...process.env, UV_THREADPOOL_SIZE: "1" },
	});
}
