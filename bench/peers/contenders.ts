import type { ServerCommand } from "../harness/server-process.ts";
import type { LlamaPeer } from "./llama-peer.ts";

export interface ServeOptions {
	/** Galley's built `cli/main.js`. */
	galleyMain: string;
	modelPath: string;
	threads: number;
	/** Sequences at the same time. */
	sequences: number;
	/** Tokens each of them may hold. */
	contextLength: number;
}

/** Galley as a user runs it: its own choice of cache layout. */
export function galley({
	galleyMain,
	modelPath,
	threads,
	sequences,
	contextLength,
}: ServeOptions): ServerCommand {
	return {
		name: "galley",
		command: process.execPath,
		toArguments: (port) => [
			...[
				galleyMain,
				"run",
				modelPath,
				"--port",
				String(port),
				"--threads",
				String(threads),
			],
			...[
				"--max-num-seqs",
				String(sequences),
				"--max-model-len",
				String(contextLength),
			],
		],
	};
}

/**
 * llama-server with the flags that serve it best here: as many slots as sequences, continuous batching (its default), flash attention
 * where it helps (auto), the same threads for prefill and decode, no metrics endpoint, no web page. Which cache layout is better
 * depends on the load, so both run and a table takes the better one.
 */
export function llamaServers(
	peer: LlamaPeer,
	{ modelPath, threads, sequences, contextLength }: ServeOptions,
): ServerCommand[] {
	return (["kv-unified", "no-kv-unified"] as const).map((layout) => ({
		name: `llama-server ${layout}`,
		command: peer.server,
		toArguments: (port) => [
			...[
				"-m",
				modelPath,
				"--host",
				"127.0.0.1",
				"--port",
				String(port),
				"-t",
				String(threads),
				"-tb",
				String(threads),
			],
			...[
				"-np",
				String(sequences),
				"-c",
				String(sequences * contextLength),
				`--${layout}`,
				"-fa",
				"auto",
				"--no-ui",
			],
		],
	}));
}
