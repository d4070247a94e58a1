import { toGalleyError } from "../../core/errors.ts";
import type {
	EncoderEngine,
	EncoderSequence,
} from "../../engine/encoder-engine.ts";
import type {
	EncoderHostMessage,
	EncoderLoadOptions,
	EncoderMessage,
} from "./encoder-protocol.ts";

/** Entry of the process that holds an embedding or reranking model: no port, no file but the model. */

let engine: EncoderEngine | null = null;
/** Runs follow each other: what comes in meanwhile waits here. */
let last: Promise<void> = Promise.resolve();

let measuredAt = Number.NEGATIVE_INFINITY;
let measuredBytes = 0;

/** A system call: once a second is enough for a gauge. */
function residentBytes(): number {
	if (performance.now() - measuredAt > 1000) {
		measuredAt = performance.now();
		measuredBytes = process.memoryUsage.rss();
	}
	return measuredBytes;
}

function send(message: EncoderMessage): void {
	if (process.connected) process.send?.(message);
}

/** Only the engine that is asked for becomes part of the process. */
async function loadEngine(load: EncoderLoadOptions): Promise<EncoderEngine> {
	switch (load.engine) {
		case "onnx": {
			const { loadOnnxEncoder } = await import(
				"../../engine/onnx/onnx-encoder.ts"
			);
			return loadOnnxEncoder(load.options);
		}
		case "llama": {
			const { loadLlamaEncoder } = await import(
				"../../engine/llama/llama-encoder.ts"
			);
			return loadLlamaEncoder(load.options, load.search);
		}
	}
}

async function load(asked: EncoderLoadOptions): Promise<void> {
	try {
		const loaded = await loadEngine(asked);
		engine = loaded;
		send({ type: "ready", info: loaded.info, residentBytes: residentBytes() });
	} catch (thrown) {
		const { code, message, cause } = toGalleyError(thrown);
		const reason = cause instanceof Error ? ` (${cause.message})` : "";
		send({ type: "load-failed", code, message: message + reason });
	}
}

async function run({
	number,
	tokens,
	shapes,
}: Extract<EncoderHostMessage, { type: "run" }>): Promise<void> {
	try {
		if (engine === null) throw new Error("No model is loaded.");
		const sequences: EncoderSequence[] = [];
		let from = 0;
		for (let index = 0; index < shapes.length; index += 2) {
			const to = from + (shapes[index] as number);
			sequences.push({
				tokens: tokens.subarray(from, to),
				secondStart: shapes[index + 1] as number,
			});
			from = to;
		}
		const rows = await engine.run(sequences);
		send({ type: "rows", number, rows, residentBytes: residentBytes() });
	} catch (thrown) {
		const { code, message, cause } = toGalleyError(thrown);
		const reason = cause instanceof Error ? ` (${cause.message})` : "";
		send({ type: "run-failed", number, code, message: message + reason });
	}
}

process.on("message", (message: EncoderHostMessage) => {
	switch (message.type) {
		case "load":
			last = load(message.load);
			break;
		case "run":
			last = last.then(() => run(message));
			break;
		case "shutdown":
			void last.then(() => process.disconnect());
			break;
	}
});

// The parent decides when this process ends: a terminal's Ctrl-C reaches the whole group, and requests must drain first.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);
// Not exit(): it would wait for native threads. Native memory goes with the process in any case.
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
