import { Worker } from "node:worker_threads";
import type { DirectoryContents } from "./saved-state-directory.ts";
import type { StateKey } from "./saved-state-file.ts";
import type {
	DiskCallName,
	DiskCalls,
	DiskMessage,
	DiskReply,
	DiskThreadData,
} from "./saved-state-protocol.ts";

/**
 * The disk, as the engine's thread sees it. Files are written and read in a thread of their own:
 *
 * - not with asynchronous calls: the engine process gives libuv one thread, and a step computes in it, so that a write
 *   would wait for the step and the next step for the write;
 * - not with synchronous calls between two steps: 100 MB take 60 to 90 ms, which every stream would feel.
 *
 * A worker's synchronous calls need nothing of libuv's pool. A state gets there through a small shared buffer, one piece
 * at a time: handing over the whole buffer would take it away from whoever restores it meanwhile, and copying all of it
 * would stop the event loop and double the memory. Pieces also let a read in between two of them, and a write that
 * nobody wants any more ends at the next one.
 */

export type WriteOutcome = "written" | "abandoned";

export interface StateWrite {
	key: StateKey;
	state: Uint8Array;
	/** Asked before every piece. */
	isWanted(): boolean;
	/** Asked at the end. */
	lastUsedMs(): number;
}

export interface SavedStateDiskOptions {
	directory: string;
	fingerprint: string;
	maxBytes: number;
	/** These files of ours had to go. */
	onRemoved(fileNames: readonly string[]): void;
}

interface PendingCall {
	resolve(result: unknown): void;
	reject(problem: Error): void;
}

const stagingBytes = 4 * 1024 * 1024;

export class SavedStateDisk {
	readonly #worker: Worker;
	readonly #staging: Uint8Array;
	readonly #onRemoved: (fileNames: readonly string[]) => void;
	readonly #pending = new Map<number, PendingCall>();
	#callCount = 0;
	#endReason: string | null = null;

	private constructor(options: SavedStateDiskOptions) {
		const { directory, fingerprint, maxBytes, onRemoved } = options;
		const staging = new SharedArrayBuffer(stagingBytes);
		this.#staging = new Uint8Array(staging);
		this.#onRemoved = onRemoved;
		this.#worker = startThread({ directory, fingerprint, maxBytes, staging });
		this.#worker.on("message", (reply: DiskReply) => this.#settle(reply));
		this.#worker.on("error", (error) => this.#end(String(error)));
		this.#worker.on("exit", () => this.#end("it has ended"));
	}

	static async open(
		options: SavedStateDiskOptions,
	): Promise<{ disk: SavedStateDisk; contents: DirectoryContents }> {
		const disk = new SavedStateDisk(options);
		try {
			return { disk, contents: await disk.#call("open", {}) };
		} catch (thrown) {
			await disk.close();
			throw thrown;
		}
	}

	/** One at a time. Rejects when the disk refuses; then nothing of it is left there. */
	async write(write: StateWrite): Promise<WriteOutcome> {
		const { key, state } = write;
		const stateBytes = state.byteLength;
		this.#onRemoved(await this.#call("begin", { key, stateBytes }));
		for (let from = 0; from < stateBytes; from += stagingBytes) {
			if (!write.isWanted()) {
				await this.#call("abort", {});
				return "abandoned";
			}
			const piece = state.subarray(from, from + stagingBytes);
			this.#staging.set(piece);
			await this.#call("append", { byteCount: piece.byteLength });
		}
		await this.#call("finish", { lastUsedMs: write.lastUsedMs() });
		return "written";
	}

	/** Null when the file is gone or damaged. */
	read(fileName: string): Promise<Uint8Array | null> {
		return this.#call("read", { fileName });
	}

	async touch(fileName: string, lastUsedMs: number): Promise<void> {
		await this.#call("touch", { fileName, lastUsedMs });
	}

	async remove(fileName: string): Promise<void> {
		await this.#call("remove", { fileName });
	}

	/** Resolves when all calls before it are done. */
	async barrier(): Promise<void> {
		await this.#call("barrier", {});
	}

	async close(): Promise<void> {
		await this.#worker.terminate();
	}

	#call<Name extends DiskCallName>(
		name: Name,
		takes: DiskCalls[Name]["takes"],
	): Promise<DiskCalls[Name]["gives"]> {
		return new Promise((resolve, reject) => {
			if (this.#endReason !== null) {
				reject(new Error(`the disk thread is gone: ${this.#endReason}`));
				return;
			}
			const number = ++this.#callCount;
			const settle = resolve as (result: unknown) => void;
			this.#pending.set(number, { resolve: settle, reject });
			// The process stays for an answer, but not for the thread itself.
			this.#worker.ref();
			const call = { name, ...takes } as DiskMessage["call"];
			this.#worker.postMessage({ number, call } satisfies DiskMessage);
		});
	}

	#settle(reply: DiskReply): void {
		const pending = this.#pending.get(reply.number);
		this.#pending.delete(reply.number);
		if (this.#pending.size === 0) this.#worker.unref();
		if ("result" in reply) pending?.resolve(reply.result);
		else pending?.reject(new Error(reply.problem));
	}

	#end(reason: string): void {
		this.#endReason ??= reason;
		for (const { reject } of this.#pending.values())
			reject(new Error(`the disk thread is gone: ${this.#endReason}`));
		this.#pending.clear();
	}
}

function startThread(data: DiskThreadData): Worker {
	const isSource = import.meta.url.endsWith(".ts");
	const file = isSource ? "./saved-state-thread.ts" : "./saved-state-thread.js";
	const entry = new URL(file, import.meta.url);
	if (!isSource) return new Worker(entry, { workerData: data, execArgv: [] });
	// Runs from source (tests, development): a thread doesn't inherit the process's type stripping.
	const tsx = import.meta.resolve("tsx/esm/api");
	const start = `import("${tsx}").then(({ register }) => { register(); return import("${entry}"); })`;
	return new Worker(start, { eval: true, workerData: data, execArgv: [] });
}
