import type { InferenceSession, Tensor } from "onnxruntime-node";

/**
 * ONNX Runtime alone, as its own documentation runs it: default options but for the number of threads, tokens that are
 * ready, batches of like lengths. What comes out is left as it is: no pooling, no normalising, no answer to write.
 */
export class RawOnnx implements AsyncDisposable {
	readonly #runtime: typeof import("onnxruntime-node");
	readonly #session: InferenceSession;

	private constructor(
		runtime: typeof import("onnxruntime-node"),
		session: InferenceSession,
	) {
		this.#runtime = runtime;
		this.#session = session;
	}

	static async open(modelPath: string, threads: number): Promise<RawOnnx> {
		const runtime = await import("onnxruntime-node");
		const session = await runtime.InferenceSession.create(modelPath, {
			intraOpNumThreads: threads,
			logSeverityLevel: 3,
		});
		return new RawOnnx(runtime, session);
	}

	async run(sequences: readonly Int32Array[]): Promise<void> {
		const length = Math.max(...sequences.map((tokens) => tokens.length));
		const dims = [sequences.length, length];
		const ids = new BigInt64Array(sequences.length * length);
		const mask = new BigInt64Array(sequences.length * length);
		sequences.forEach((tokens, row) => {
			for (const [index, token] of tokens.entries())
				ids[row * length + index] = BigInt(token);
			mask.fill(1n, row * length, row * length + tokens.length);
		});
		const values: Record<string, BigInt64Array> = {
			input_ids: ids,
			attention_mask: mask,
			token_type_ids: new BigInt64Array(sequences.length * length),
		};
		const feeds: Record<string, Tensor> = {};
		for (const name of this.#session.inputNames) {
			const data = values[name];
			if (data === undefined)
				throw new Error(`The graph asks for ${name}, which is not known here.`);
			feeds[name] = new this.#runtime.Tensor("int64", data, dims);
		}
		const outputs = await this.#session.run(feeds);
		for (const output of Object.values(outputs)) output.dispose();
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.#session.release();
	}
}

/** Sequences in batches that hardly hold any fill: sorted by length, up to `tokens` of them each. */
export function perfectBatches(
	sequences: readonly Int32Array[],
	tokens: number,
): Int32Array[][] {
	const sorted = [...sequences].sort((one, two) => one.length - two.length);
	const batches: Int32Array[][] = [];
	let batch: Int32Array[] = [];
	for (const sequence of sorted) {
		if (batch.length > 0 && (batch.length + 1) * sequence.length > tokens) {
			batches.push(batch);
			batch = [];
		}
		batch.push(sequence);
	}
	if (batch.length > 0) batches.push(batch);
	return batches;
}
