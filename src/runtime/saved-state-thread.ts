import { parentPort, workerData } from "node:worker_threads";
import { SavedStateDirectory } from "./saved-state-directory.ts";
import type {
	DiskCall,
	DiskMessage,
	DiskReply,
	DiskResult,
	DiskThreadData,
} from "./saved-state-protocol.ts";
import type { StateWriter } from "./saved-state-writer.ts";

/** Entry of the disk thread: one call after the other, each synchronous. */

const data: DiskThreadData = workerData;
const directory = new SavedStateDirectory(
	data.directory,
	data.fingerprint,
	data.maxBytes,
);
const staging = new Uint8Array(data.staging);
let writer: StateWriter | null = null;

function carryOut(call: DiskCall): DiskResult {
	switch (call.name) {
		case "open":
			return directory.open();
		case "begin": {
			const begun = directory.write(call.key, call.stateBytes);
			writer = begun.writer;
			return begun.removed;
		}
		case "append":
			writer?.append(staging.subarray(0, call.byteCount));
			return null;
		case "finish":
			writer?.finish(call.lastUsedMs);
			writer = null;
			return null;
		case "abort":
			writer?.abort();
			writer = null;
			return null;
		case "read":
			return directory.read(call.fileName);
		case "touch":
			directory.touch(call.fileName, call.lastUsedMs);
			return null;
		case "remove":
			directory.remove(call.fileName);
			return null;
		case "barrier":
			return null;
	}
}

parentPort?.on("message", ({ number, call }: DiskMessage) => {
	let reply: DiskReply;
	try {
		reply = { number, result: carryOut(call) };
	} catch (thrown) {
		// A failed write has cleaned up after itself.
		if (call.name === "append" || call.name === "finish") writer = null;
		const problem = thrown instanceof Error ? thrown.message : String(thrown);
		reply = { number, problem };
	}
	parentPort?.postMessage(reply, transferred(reply));
});

/** A state that was read changes hands instead of being copied. */
function transferred(reply: DiskReply): ArrayBuffer[] {
	if (!("result" in reply) || !(reply.result instanceof Uint8Array)) return [];
	const { buffer } = reply.result;
	return buffer instanceof ArrayBuffer ? [buffer] : [];
}
