import { parentPort } from "node:worker_threads";
import { toGalleyError } from "../../core/errors.ts";
import type { EncoderEngine } from "../../engine/encoder-engine.ts";
import type { LaneReply, LaneRequest } from "./encoder-lanes.ts";
import { loadEncoder } from "./load-encoder.ts";
import { unpackBatch } from "./packed-batch.ts";

/** Entry of a thread that holds a session of its own. ONNX Runtime computes where it is called, so this thread stands still meanwhile. */
if (parentPort !== null) serve(parentPort);

function serve(port: NonNullable<typeof parentPort>): void {
	let engine: EncoderEngine | null = null;
	const answer = async (request: LaneRequest): Promise<LaneReply> => {
		if (request.type === "load") {
			engine = await loadEncoder(request.load);
			return { type: "ready", info: engine.info };
		}
		if (engine === null) throw new Error("No model is loaded.");
		const start = performance.now();
		const rows = await engine.run(unpackBatch(request.batch));
		return { type: "rows", rows, computeMs: performance.now() - start };
	};
	port.on("message", (request: LaneRequest) => {
		answer(request)
			.catch((thrown: unknown): LaneReply => {
				const { code, message, cause } = toGalleyError(thrown);
				const reason = cause instanceof Error ? ` (${cause.message})` : "";
				return { type: "failed", code, message: message + reason };
			})
			.then((reply) =>
				port.postMessage(
					reply,
					reply.type === "rows" ? [reply.rows.buffer as ArrayBuffer] : [],
				),
			);
	});
}
