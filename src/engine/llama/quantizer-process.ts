import { GalleyError } from "../../core/errors.ts";
import { type LlamaLibrary, openLibrary } from "./library.ts";
import type { LogRecording } from "./log.ts";
import { readQuantizePlan, readQuantizeProgress } from "./quantizer-log.ts";
import { bindQuantizer } from "./quantizer-native.ts";
import type {
	QuantizeOrder,
	QuantizerHostMessage,
	QuantizerMessage,
} from "./quantizer-protocol.ts";

/**
 * Entry of the quantizer's process: a file that makes native code abort ends this process and no other, and a Ctrl-C needs
 * no cooperation of native code. It ends when the process that started it is gone.
 */

const progressIntervalMs = 100;

function send(message: QuantizerMessage): void {
	if (process.connected) process.send?.(message);
}

async function prepare(order: QuantizeOrder): Promise<() => Promise<void>> {
	const library = openLibrary(order);
	// The CPU's tables of some number formats are made when its backend is loaded.
	library.loadBackends();
	const functions = bindQuantizer(order.folder);
	const quantize = (dryRun: boolean) =>
		new Promise<void>((resolve, reject) => {
			library.log.forgetProblems();
			functions.llama_model_quantize.async(
				order.input,
				order.partial,
				{
					...functions.llama_model_quantize_default_params(),
					nthread: order.threads,
					ftype: order.fileType,
					allow_requantize: order.allowRequantize,
					dry_run: dryRun,
					// Rows in memory at once: more is not faster.
					max_buf_size: 512 * 1024 ** 2,
				},
				(error, code) => {
					if (error) reject(error);
					else if (code === 0) resolve();
					else reject(failure(library));
				},
			);
		});
	const recording = library.log.record();
	await quantize(true);
	recording.stop();
	send({ type: "plan", plan: readQuantizePlan(recording.lines) });
	return async () => {
		const progress = library.log.record();
		const timer = reportProgress(progress);
		await quantize(false);
		clearInterval(timer);
		progress.stop();
	};
}

function reportProgress({ lines }: LogRecording): NodeJS.Timeout {
	let seen = 0;
	return setInterval(() => {
		const progress = readQuantizeProgress(lines, seen);
		seen = lines.length;
		if (progress !== null) send({ type: "progress", ...progress });
	}, progressIntervalMs);
}

function failure({ log }: LlamaLibrary): Error {
	const reason = log
		.problems()
		.map((line) => /failed to quantize: (.*)/.exec(line)?.[1])
		.find((text) => text !== undefined);
	return new Error(reason ?? log.problems().at(-1) ?? "no reason was given");
}

let quantize: (() => Promise<void>) | null = null;

function fail(thrown: unknown): void {
	const message =
		thrown instanceof GalleyError || thrown instanceof Error
			? thrown.message
			: String(thrown);
	send({ type: "failed", message });
}

process.on("message", (message: QuantizerHostMessage) => {
	if (message.type === "order") {
		prepare(message.order).then((prepared) => {
			quantize = prepared;
		}, fail);
		return;
	}
	quantize?.().then(() => send({ type: "done" }), fail);
});

process.on("SIGINT", () => undefined);
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
