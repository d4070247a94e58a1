import type { InferenceSession, Tensor, TypedTensor } from "onnxruntime-node";
import { GalleyError } from "../../core/errors.ts";
import type {
	EncoderEngine,
	EncoderInfo,
	EncoderOptions,
	EncoderSequence,
} from "../encoder-engine.ts";
import { normalizeRows, poolVectors } from "./pool-vectors.ts";

type OnnxRuntime = typeof import("onnxruntime-node");

/** Inputs that Galley can fill. */
const knownInputs = [
	"input_ids",
	"attention_mask",
	"token_type_ids",
	"position_ids",
] as const;
type KnownInput = (typeof knownInputs)[number];

/** Outputs by preference: vectors of tokens are pooled as the model's configuration says. */
const outputNames = {
	embedding: [
		"last_hidden_state",
		"token_embeddings",
		"sentence_embedding",
		"pooler_output",
	],
	ranking: ["logits", "scores"],
};

/** Loads an ONNX graph into ONNX Runtime, which is loaded here and nowhere else. */
export async function loadOnnxEncoder(
	options: EncoderOptions,
): Promise<EncoderEngine> {
	const runtime = await import("onnxruntime-node");
	const session = await createSession(runtime, options);
	try {
		const inputs = session.inputNames.map(toKnownInput);
		const output = chooseOutput(session, options);
		const encoder = new OnnxEncoder(runtime, session, inputs, output, options);
		// The first run tells the width, and allocates what later runs use.
		await encoder.measure();
		return encoder;
	} catch (error) {
		await session.release();
		throw error;
	}
}

async function createSession(
	runtime: OnnxRuntime,
	{ modelPath, threads, providers }: EncoderOptions,
): Promise<InferenceSession> {
	try {
		return await runtime.InferenceSession.create(modelPath, {
			executionProviders: [...providers],
			intraOpNumThreads: threads,
			interOpNumThreads: 1,
			executionMode: "sequential",
			graphOptimizationLevel: "all",
			// Lengths differ from run to run: memory patterns would be made anew each time.
			enableMemPattern: false,
			// Within a run, threads that wait for the next layer spin: they are a tenth to a quarter quicker there. Between runs they
			// sleep at once: spinning burnt as much processor time as the computing itself, and the process with the port needs it.
			extra: {
				session: {
					force_spinning_stop: "1",
					intra_op: { allow_spinning: "1" },
				},
			},
			logSeverityLevel: 3,
		});
	} catch (cause) {
		const reason = cause instanceof Error ? cause.message : String(cause);
		throw new GalleyError(
			"model_unusable",
			`ONNX Runtime can't load ${modelPath}: ${reason}`,
			{ cause },
		);
	}
}

function toKnownInput(name: string): KnownInput {
	const known = knownInputs.find((candidate) => candidate === name);
	if (known !== undefined) return known;
	throw new GalleyError(
		"model_unusable",
		`The graph asks for an input "${name}"; Galley serves encoders that take ${knownInputs.join(", ")}. Export the model for feature extraction or text classification.`,
	);
}

function chooseOutput(
	{ outputNames: names }: InferenceSession,
	{ task }: EncoderOptions,
): string {
	const wanted = outputNames[task];
	const known = wanted.find((name) => names.includes(name));
	const chosen = known ?? (names.length === 1 ? names[0] : undefined);
	if (chosen !== undefined) return chosen;
	throw new GalleyError(
		"model_unusable",
		`The graph's outputs are ${names.join(", ")}; for ${task} Galley reads one of ${wanted.join(", ")}.`,
	);
}

class OnnxEncoder implements EncoderEngine {
	info: EncoderInfo;
	readonly #runtime: OnnxRuntime;
	readonly #session: InferenceSession;
	readonly #inputs: readonly KnownInput[];
	readonly #output: string;
	readonly #options: EncoderOptions;

	constructor(
		runtime: OnnxRuntime,
		session: InferenceSession,
		inputs: readonly KnownInput[],
		output: string,
		options: EncoderOptions,
	) {
		this.#runtime = runtime;
		this.#session = session;
		this.#inputs = inputs;
		this.#output = output;
		this.#options = options;
		this.info = {
			engine: "onnx",
			version: runtime.env.versions.node ?? "unknown",
			devices: options.providers,
			width: 0,
		};
	}

	async measure(): Promise<void> {
		const tokens = new Int32Array([this.#options.padToken]);
		const row = await this.run([{ tokens, secondStart: 1 }]);
		this.info = { ...this.info, width: row.length };
	}

	async run(sequences: readonly EncoderSequence[]): Promise<Float32Array> {
		const rows = sequences.length;
		const lengths = sequences.map(({ tokens }) => tokens.length);
		const length = Math.max(...lengths);
		const feeds: Record<string, Tensor> = {};
		for (const name of this.#inputs)
			feeds[name] = new this.#runtime.Tensor(
				"int64",
				this.#inputValues(name, sequences, length),
				[rows, length],
			);
		const outputs = await this.#session.run(feeds, [this.#output]);
		const result = outputs[this.#output];
		if (result === undefined || result.dims[0] !== rows)
			throw new GalleyError(
				"engine_error",
				`The graph gave no row for each text in "${this.#output}".`,
			);
		const vectors = this.#toRows(result, lengths);
		result.dispose();
		return vectors;
	}

	#inputValues(
		name: KnownInput,
		sequences: readonly EncoderSequence[],
		length: number,
	): BigInt64Array {
		const values = new BigInt64Array(sequences.length * length);
		if (name === "input_ids" && this.#options.padToken !== 0)
			values.fill(BigInt(this.#options.padToken));
		sequences.forEach(({ tokens, secondStart }, row) => {
			const start = row * length;
			if (name === "attention_mask")
				values.fill(1n, start, start + tokens.length);
			else if (name === "token_type_ids")
				values.fill(1n, start + secondStart, start + tokens.length);
			else
				for (let index = 0; index < tokens.length; index++)
					values[start + index] = BigInt(
						name === "position_ids" ? index : (tokens[index] as number),
					);
		});
		return values;
	}

	#toRows(result: Tensor, lengths: readonly number[]): Float32Array {
		const { task, pooling, isNormalized } = this.#options;
		const [rows = 0, ...rest] = result.dims;
		const data = toFloats(result);
		if (task === "ranking") return toLogits(data, rows, rest);
		const [length = 0, width = 0] = rest;
		const vectors =
			rest.length === 1
				? data.slice()
				: poolVectors({ data, rows, length, width }, lengths, pooling);
		if (isNormalized) normalizeRows(vectors, vectors.length / rows);
		return vectors;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.#session.release();
	}
}

/** One number a pair; of two classes, how much more likely the second is. */
function toLogits(
	data: Float32Array,
	rows: number,
	[classes = 1]: readonly number[],
): Float32Array {
	if (classes === 1) return data.slice(0, rows);
	if (classes === 2)
		return Float32Array.from(
			{ length: rows },
			(_, row) => (data[2 * row + 1] as number) - (data[2 * row] as number),
		);
	throw new GalleyError(
		"model_unusable",
		`The model tells ${classes} classes apart; a reranker has one or two.`,
	);
}

function toFloats(tensor: Tensor): Float32Array {
	if (tensor.type === "float32") return (tensor as TypedTensor<"float32">).data;
	if (tensor.type === "float16") {
		const { data } = tensor as TypedTensor<"float16">;
		// Node 24 has Float16Array and hands one out; before, there are the bits.
		if (!(data instanceof Uint16Array)) return Float32Array.from(data);
		return Float32Array.from(data, halfToNumber);
	}
	throw new GalleyError(
		"model_unusable",
		`The graph's output is of type ${tensor.type}; Galley reads float32 and float16.`,
	);
}

/** IEEE 754 binary16. */
export function halfToNumber(bits: number): number {
	const sign = bits & 0x8000 ? -1 : 1;
	const exponent = (bits >> 10) & 0x1f;
	const fraction = bits & 0x3ff;
	if (exponent === 0) return sign * fraction * 2 ** -24;
	if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
	return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
