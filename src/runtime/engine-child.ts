import { type ChildProcess, fork } from "node:child_process";

/**
 * Starts the engine process, which waits for its first message. Imports next to nothing, so that a command can call it
 * before it has read its configuration: both processes then wake up side by side.
 */
export function forkEngineProcess(): ChildProcess {
	const entry = new URL(
		import.meta.url.endsWith(".ts")
			? "./engine-process.ts"
			: "./engine-process.js",
		import.meta.url,
	);
	return fork(entry, [], {
		serialization: "advanced",
		// Type stripping for runs from source (tests, development); the build needs nothing.
		execArgv: entry.pathname.endsWith(".ts") ? ["--import", "tsx"] : [],
		// One thread for asynchronous native calls: with libuv's four, each decode may land on another one and OpenMP starts
		// a new team of threads there; measured 10 to 25 % slower.
		env: { ...process.env, UV_THREADPOOL_SIZE: "1" },
	});
}
