import type {
	ServerCommand,
	ServerProcess,
} from "../harness/server-process.ts";
import { findLlamaPeer } from "../peers/llama-peer.ts";
import { EmbedClient } from "./embed-client.ts";
import { perfectBatches, type RawOnnx } from "./raw-onnx.ts";

/** And llama-server the batch that serves it best. */
const llamaBatches = [512, 2048] as const;
const latencyTexts = 60;

export interface Settings {
	galleyMain: string;
	profile: string;
	rounds: number;
	texts: number;
	concurrency: number;
	patience: number;
	threads: number;
}

export interface Contender {
	name: string;
	serverPid: number | undefined;
	/** Computes all texts; `concurrency` at a time where it is a server. */
	all(): Promise<void>;
	/** Computes one after the other; milliseconds of each. */
	single(): Promise<number[]>;
	/** Before it is measured: some texts, so that nothing is measured that is asleep. */
	wake(): Promise<void>;
	/** Until its next turn it must not compute: threads that wait by spinning would. */
	rest(): void;
	close(): Promise<void>;
}

export function rawContender(
	raw: RawOnnx,
	sequences: readonly Int32Array[],
	size: number,
): Contender {
	const batches = perfectBatches(sequences, size);
	return {
		name: `ONNX Runtime, batches of ${size}`,
		serverPid: undefined,
		async all() {
			for (const batch of batches) await raw.run(batch);
		},
		single: () =>
			inTurn(sequences.slice(0, latencyTexts), (one) => raw.run([one])),
		wake: async () => undefined,
		rest: () => undefined,
		close: async () => undefined,
	};
}

/** Stops the process and its children where they are, or lets them go on. */
function pause(server: ServerProcess, isPaused: boolean): void {
	process.kill(-server.pid, isPaused ? "SIGSTOP" : "SIGCONT");
}

/** Checks once that the server sees the very same tokens. */
export async function served(
	server: ServerProcess,
	texts: readonly string[],
	tokens: number,
	{ concurrency }: Settings,
): Promise<Contender> {
	const client = new EmbedClient(server.url, concurrency);
	const single = new EmbedClient(server.url, 1);
	const requests = texts.map((text) => client.request(text, "base64"));
	let counted = 0;
	await client.all(requests, (body) => {
		const answer = JSON.parse(body) as { usage: { prompt_tokens: number } };
		counted += answer.usage.prompt_tokens;
	});
	if (counted !== tokens)
		throw new Error(
			`${server.name} counts ${counted} tokens where there are ${tokens}.`,
		);
	return {
		name: server.name,
		serverPid: server.pid,
		all: () => client.all(requests),
		single: () =>
			inTurn(requests.slice(0, latencyTexts), (one) => single.all([one])),
		async wake() {
			pause(server, false);
			await client.all(requests.slice(0, 64));
			await single.all(requests.slice(0, 8));
		},
		rest() {
			// It would find them idle for too long when it goes on.
			client.hangUp();
			single.hangUp();
			pause(server, true);
		},
		async close() {
			pause(server, false);
			client.hangUp();
			single.hangUp();
			await server.stop();
		},
	};
}

async function inTurn<Item>(
	items: readonly Item[],
	ask: (item: Item) => Promise<void>,
): Promise<number[]> {
	const times: number[] = [];
	for (const item of items) {
		const start = performance.now();
		await ask(item);
		times.push(performance.now() - start);
	}
	return times;
}

export function galleyCommand(
	folder: string,
	{ galleyMain, profile, threads }: Settings,
): ServerCommand {
	return {
		name: "galley",
		command: process.execPath,
		toArguments: (port) => [
			...[galleyMain, "run", folder, "--port", String(port)],
			...["--grpc-port", "off", "--profile", profile],
			...["--threads", String(threads), "--log-level", "warn"],
		],
	};
}

export function llamaCommands(
	modelPath: string,
	{ threads, concurrency }: Settings,
): ServerCommand[] {
	const peer = findLlamaPeer();
	if (peer === null)
		throw new Error("Build llama-server first: npx tsx bench/peers/build.ts");
	return llamaBatches.map((batch) => ({
		name: `llama-server -ub ${batch}`,
		command: peer.server,
		toArguments: (port) => [
			...["-m", modelPath, "--host", "127.0.0.1", "--port", String(port)],
			...["-t", String(threads), "-tb", String(threads), "--embeddings"],
			...["-np", String(concurrency), "-c", String(concurrency * 512)],
			...["-b", String(batch), "-ub", String(batch), "--no-ui"],
		],
	}));
}
