import { fork } from "node:child_process";
import { GalleyError } from "../core/errors.ts";
import type { LoadOptions } from "../runtime/engine-protocol.ts";
import type { AccuracyMessage, AccuracyOrder } from "./accuracy-protocol.ts";
import type { AccuracyFigures } from "./figures.ts";
import type { TextPlan } from "./score-text.ts";

/** Of the reference's probabilities so many tokens are kept of each position; `divergence.ts` says what that means. */
export const keptTopTokens = 1024;

/** Rows of logits in memory at once. Attention is quicker in tiles of 64. */
const accuracyBatchTokens = 64;

export interface AccuracyTask {
	load: Pick<LoadOptions, "engine" | "search" | "options">;
	text: TextPlan;
	referencePath: string;
	mode: "record" | "compare";
}

/** Measures in a process of its own: weights and logits are gone with it, and a crash comes no further. */
export async function measureAccuracy(
	task: AccuracyTask,
	onProgress: (share: number) => void = () => undefined,
	signal?: AbortSignal,
): Promise<AccuracyFigures> {
	signal?.throwIfAborted();
	const isSource = import.meta.url.endsWith(".ts");
	const entry = new URL(
		isSource ? "./accuracy-process.ts" : "./accuracy-process.js",
		import.meta.url,
	);
	const child = fork(entry, [], {
		serialization: "advanced",
		execArgv: isSource ? ["--import", "tsx"] : [],
		// As the engine process: one thread for native calls keeps caches warm.
		env: { ...process.env, UV_THREADPOOL_SIZE: "1" },
	});
	const abort = () => void child.kill("SIGKILL");
	signal?.addEventListener("abort", abort, { once: true });
	try {
		return await new Promise<AccuracyFigures>((resolve, reject) => {
			child.on("message", (message: AccuracyMessage) => {
				if (message.type === "progress")
					onProgress(message.positionsDone / message.positions);
				else if (message.type === "result") resolve(message.figures);
				else reject(new GalleyError("engine_error", message.message));
			});
			child.on("error", reject);
			child.on("exit", (code, killed) =>
				reject(
					signal?.aborted === true
						? signal.reason
						: new GalleyError(
								"engine_crashed",
								`The process that measures accuracy ended (${killed ?? `exit code ${code}`}).`,
							),
				),
			);
			child.send(toOrder(task));
		});
	} finally {
		signal?.removeEventListener("abort", abort);
		child.kill("SIGKILL");
	}
}

/** One sequence, as long as a window. */
function toOrder({
	load,
	text,
	referencePath,
	mode,
}: AccuracyTask): AccuracyOrder {
	const maxBatchTokens = Math.min(accuracyBatchTokens, text.windowTokens);
	return {
		engine: load.engine,
		search: load.search,
		options: {
			...load.options,
			contextLength: text.windowTokens,
			maxSequences: 1,
			kvCells: text.windowTokens,
			kvLayout: "streams",
			maxBatchTokens,
			microBatchTokens: maxBatchTokens,
		},
		text,
		referencePath,
		mode,
		topCount: keptTopTokens,
	};
}
