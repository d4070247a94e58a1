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

/** What differs from the usual command, and how this variant is called in tables. */
export interface Variant {
	name?: string;
	flags?: readonly string[];
}

/** Galley as a user runs it: its own choice of cache layout. */
export function galley(
	{ galleyMain, modelPath, threads, sequences, contextLength }: ServeOptions,
	{ name, flags = [] }: Variant = {},
): ServerCommand {
	return {
		name: name === undefined ? "galley" : `galley ${name}`,
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
			...flags,
		],
	};
}

export type LlamaLayout = "kv-unified" | "no-kv-unified";

export interface LlamaVariant extends Variant {
	/** Cells of the whole cache; by default what all slots want together. */
	cells?: number;
}

/**
 * llama-server with the flags that serve it best here: as many slots as sequences, continuous batching (its default), flash attention
 * where it helps (auto), the same threads for prefill and decode, its prompt cache in memory (default, 8 GiB), no metrics endpoint, no
 * web page.
 */
export function llamaServer(
	peer: LlamaPeer,
	{ modelPath, threads, sequences, contextLength }: ServeOptions,
	layout: LlamaLayout,
	{ name, flags = [], cells = sequences * contextLength }: LlamaVariant = {},
): ServerCommand {
	return {
		name: `llama-server ${layout}${name === undefined ? "" : ` ${name}`}`,
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
			...["-np", String(sequences), "-c", String(cells)],
			...[`--${layout}`, "-fa", "auto", "--no-ui"],
			...flags,
		],
	};
}

/** Which cache layout is better depends on the load, so both run and a table takes the better one. */
export function llamaServers(
	peer: LlamaPeer,
	options: ServeOptions,
	variant: LlamaVariant = {},
): ServerCommand[] {
	return (["kv-unified", "no-kv-unified"] as const).map((layout) =>
		llamaServer(peer, options, layout, variant),
	);
}
