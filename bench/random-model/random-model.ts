import {
	closeSync,
	existsSync,
	mkdirSync,
	openSync,
	renameSync,
	rmSync,
	writeSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { createRandomSource } from "../../src/benchmark/random-source.ts";
import { type BlockType, createBlockPool } from "./blocks.ts";
import { alignUp, encodeHeader, type MetadataValue } from "./gguf.ts";
import {
	type ModelShape,
	type Precision,
	type ShapeName,
	shapes,
} from "./shapes.ts";
import { listTensors, type Tensor, tensorBytes } from "./tensors.ts";
import {
	buildTokenizer,
	endOfTextToken,
	endOfTurnToken,
	type SyntheticTokenizer,
	specialTokens,
} from "./tokenizer.ts";

export const cacheDirectory = fileURLToPath(
	new URL("../cache/", import.meta.url),
);

export interface RandomModelOptions {
	shape: ModelShape;
	/** Default: the shape's own. */
	precision?: Precision | undefined;
	/** Default 1. */
	seed?: number | undefined;
	/** Beside the usual keys, or instead of some of them. */
	metadata?: Readonly<Record<string, MetadataValue>> | undefined;
	path: string;
}

const largestPool = 8 * 1024 * 1024;

const chatTemplate =
	"{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}" +
	"{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/** llama.cpp's `llama_ftype`. */
const fileTypes: Record<Precision, number> = { f16: 1, q8_0: 7, q4_k_m: 15 };

/** Embedding rows of special and single-byte tokens are this much smaller, so that no greedy answer ends by itself or is half a character. */
const quietFactor = 1 / 32;

/** Writes a GGUF model with random weights; the file appears complete or not at all. */
export function writeRandomModel(options: RandomModelOptions): void {
	const { shape, path } = options;
	const precision = options.precision ?? shape.precision;
	const seed = options.seed ?? 1;
	const tensors = listTensors(shape, precision);
	const tokenizer = buildTokenizer(shape.vocabulary, seed);
	let offset = 0;
	const entries = tensors.map((tensor) => {
		const entry = {
			name: tensor.name,
			dimensions: tensor.dimensions,
			typeId: tensor.type.id,
			offset,
		};
		offset = alignUp(offset + tensorBytes(tensor));
		return entry;
	});

	mkdirSync(dirname(path), { recursive: true });
	const partial = `${path}.${process.pid}.partial`;
	const file = openSync(partial, "w");
	try {
		writeAll(
			file,
			encodeHeader(
				new Map([
					...describe(shape, precision, tokenizer),
					...Object.entries(options.metadata ?? {}),
				]),
				entries,
			),
		);
		const writeTensor = createTensorWriter(file, {
			quietRows: tokenizer.firstMergedToken,
			poolBytes: Math.min(largestPool, Math.max(...tensors.map(tensorBytes))),
			seed,
		});
		for (const tensor of tensors) writeTensor(tensor);
		closeSync(file);
		renameSync(partial, path);
	} catch (error) {
		rmSync(partial, { force: true });
		throw error;
	}
}

/** Path of a model of a named shape in the cache, written first when it is missing. */
export function ensureRandomModel(
	name: ShapeName,
	precision: Precision = shapes[name].precision,
): string {
	const path = resolve(cacheDirectory, `random-${name}-${precision}.gguf`);
	if (!existsSync(path))
		writeRandomModel({ shape: shapes[name], precision, path });
	return path;
}

function describe(
	shape: ModelShape,
	precision: Precision,
	tokenizer: SyntheticTokenizer,
): Map<string, MetadataValue> {
	const architecture = shape.architecture;
	const uint32 = (value: number): MetadataValue => ({ type: "uint32", value });
	const float32 = (value: number): MetadataValue => ({
		type: "float32",
		value,
	});
	const string = (value: string): MetadataValue => ({ type: "string", value });
	return new Map<string, MetadataValue>([
		["general.architecture", string(architecture)],
		["general.type", string("model")],
		["general.name", string(`Random ${shape.name}`)],
		["general.size_label", string(shape.name)],
		["general.file_type", uint32(fileTypes[precision])],
		["general.quantization_version", uint32(2)],
		[`${architecture}.block_count`, uint32(shape.layers)],
		[`${architecture}.context_length`, uint32(shape.contextLength)],
		[`${architecture}.embedding_length`, uint32(shape.width)],
		[`${architecture}.feed_forward_length`, uint32(shape.feedForward)],
		[`${architecture}.attention.head_count`, uint32(shape.heads)],
		[`${architecture}.attention.head_count_kv`, uint32(shape.keyValueHeads)],
		[`${architecture}.attention.layer_norm_rms_epsilon`, float32(1e-5)],
		[`${architecture}.rope.freq_base`, float32(shape.ropeBase)],
		[`${architecture}.rope.dimension_count`, uint32(shape.width / shape.heads)],
		[`${architecture}.vocab_size`, uint32(shape.vocabulary)],
		["tokenizer.ggml.model", string("gpt2")],
		["tokenizer.ggml.pre", string(shape.preTokenizer)],
		["tokenizer.ggml.tokens", { type: "strings", value: tokenizer.tokens }],
		// 1 = normal, 3 = control
		[
			"tokenizer.ggml.token_type",
			{
				type: "int32s",
				value: tokenizer.tokens.map((_, id) =>
					id < specialTokens.length ? 3 : 1,
				),
			},
		],
		["tokenizer.ggml.merges", { type: "strings", value: tokenizer.merges }],
		["tokenizer.ggml.bos_token_id", uint32(endOfTextToken)],
		["tokenizer.ggml.eos_token_id", uint32(endOfTurnToken)],
		["tokenizer.ggml.eot_token_id", uint32(endOfTurnToken)],
		["tokenizer.ggml.padding_token_id", uint32(endOfTextToken)],
		["tokenizer.ggml.add_bos_token", { type: "bool", value: false }],
		["tokenizer.ggml.add_space_prefix", { type: "bool", value: false }],
		["tokenizer.chat_template", string(chatTemplate)],
	]);
}

function createTensorWriter(
	file: number,
	options: { quietRows: number; poolBytes: number; seed: number },
): (tensor: Tensor) => void {
	const { quietRows, poolBytes, seed } = options;
	const random = createRandomSource(seed).nextUint32;
	const pools = new Map<string, Uint8Array>();

	const poolFor = (type: BlockType, deviation: number): Uint8Array => {
		const key = `${type.name} ${deviation}`;
		const pool =
			pools.get(key) ?? createBlockPool(type, deviation, random, poolBytes);
		pools.set(key, pool);
		return pool;
	};

	const writeBlocks = (
		pool: Uint8Array,
		type: BlockType,
		bytes: number,
	): void => {
		let at = (random() % (pool.length / type.bytes)) * type.bytes;
		for (let left = bytes; left > 0; ) {
			const piece = pool.subarray(at, Math.min(pool.length, at + left));
			writeAll(file, piece);
			left -= piece.length;
			at = 0;
		}
	};

	return (tensor) => {
		const { type, deviation } = tensor;
		const bytes = tensorBytes(tensor);
		if (tensor.dimensions.length === 1) {
			const values = Float32Array.from(
				{ length: bytes / 4 },
				() => tensor.mean + (random() / 2 ** 31 - 1) * Math.sqrt(3) * deviation,
			);
			writeAll(file, new Uint8Array(values.buffer));
		} else {
			const rowBytes = bytes / (tensor.dimensions[1] ?? 1);
			const quietBytes = tensor.isTokenEmbedding ? quietRows * rowBytes : 0;
			if (quietBytes > 0) {
				writeBlocks(
					createBlockPool(type, deviation * quietFactor, random, quietBytes),
					type,
					quietBytes,
				);
			}
			writeBlocks(poolFor(type, deviation), type, bytes - quietBytes);
		}
		writeAll(file, new Uint8Array(alignUp(bytes) - bytes));
	};
}

function writeAll(file: number, bytes: Uint8Array): void {
	for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}
