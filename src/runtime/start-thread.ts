import { type ResourceLimits, Worker } from "node:worker_threads";

/** A thread whose entry is a file beside this one, named without its ending. */
export function startThread(
	name: `${string}-thread`,
	resourceLimits: ResourceLimits = {},
): Worker {
	const isSource = import.meta.url.endsWith(".ts");
	const entry = new URL(`./${name}.${isSource ? "ts" : "js"}`, import.meta.url);
	const options = { execArgv: [], resourceLimits };
	if (!isSource) return new Worker(entry, options);
	// Runs from source (tests, development): a thread doesn't inherit the process's type stripping.
	const tsx = import.meta.resolve("tsx/esm/api");
	const start = `import("${tsx}").then(({ register }) => { register(); return import("${entry}"); })`;
	return new Worker(start, { ...options, eval: true });
}
