import { GalleyError } from "../core/errors.ts";
import {
	type GgufMetadata,
	type GgufValue,
	readGgufMetadata,
} from "./gguf-metadata.ts";
import { nameOfFile } from "./model-reference.ts";
import { recurrentState } from "./recurrent-state.ts";
import { filePrecisions } from "./tensor-types.ts";

/** What a model is, from its files' headers. Lengths in tokens. */
export interface ModelDescription {
	path: string;
	name: string;
	/** E.g. `llama`, `qwen3`. */
	architecture: string;
	parameters: number;
	/** E.g. `Q8_0`. */
	precision: string;
	layers: number;
	embeddingLength: number;
	/** Of the experts that one token uses, where there are experts. */
	feedForwardLength: number;
	heads: number;
	/** One entry a layer; 0 where a layer keeps no keys and values. */
	kvHeads: readonly number[];
	keyLength: number;
	valueLength: number;
	trainedContextLength: number | null;
	vocabularySize: number;
	hasChatTemplate: boolean;
	license: string | null;
	/** Keeps a state instead of, or beside, keys and values: sequences can't be cut or copied at any position. */
	isRecurrent: boolean;
	/** Bytes of such states of one sequence; absent where there are none. */
	recurrentStateBytes?: number;
	/** Attention that forgets; null is full attention. */
	slidingWindow: number | null;
	/** Bytes on disk, all parts. */
	sizeBytes: number;
	/** Bytes of the weights alone. */
	weightBytes: number;
}

const maxParts = 1000;

/** Reads the headers of a model's file, or of all its parts. Throws GalleyError as `readGgufMetadata` does. */
export function describeModel(path: string): Promise<ModelDescription> {
	return describeParts(path, readGgufMetadata);
}

/** The same for files that lie anywhere: `read` gets `path` and then the names of the other parts beside it. */
export async function describeParts(
	path: string,
	read: (path: string) => Promise<GgufMetadata>,
): Promise<ModelDescription> {
	const first = await read(path);
	const count = numberOf(first.values.get("split.count")) ?? 1;
	if (count <= 1) return describeMetadata(path, [first]);

	const [, stem, number, total] =
		/^(.*)-(\d{5})-of-(\d{5})\.gguf$/is.exec(path) ?? [];
	if (stem === undefined || Number(total) !== count || count > maxParts) {
		throw unusable(
			path,
			`is one of ${count} parts, but isn't named like one (name-00001-of-0000N.gguf); give it its name back`,
		);
	}
	const partPath = (index: number) =>
		`${stem}-${String(index).padStart(5, "0")}-of-${total}.gguf`;
	if (Number(number) !== 1)
		throw unusable(
			path,
			`is part ${Number(number)} of ${count}; name the first part, "${partPath(1)}"`,
		);
	const parts = [first];
	for (let index = 2; index <= count; index++)
		parts.push(await read(partPath(index)));
	return describeMetadata(path, parts);
}

/** `parts` are the headers of the model's files; the first one holds the metadata. */
function describeMetadata(
	path: string,
	parts: readonly GgufMetadata[],
): ModelDescription {
	const values = parts[0]?.values ?? new Map<string, GgufValue>();
	const architecture = values.get("general.architecture");
	if (typeof architecture !== "string")
		throw unusable(
			path,
			"doesn't say its architecture; it is damaged or no model",
		);
	refuseOtherKinds(path, values.get("general.type"), architecture);
	const tensors = parts.flatMap((part) => part.tensors);
	if (tensors.length === 0)
		throw unusable(
			path,
			"holds a vocabulary without weights; get the whole model",
		);

	const of = (key: string) => values.get(`${architecture}.${key}`);
	const required = (key: string) => {
		const number = numberOf(of(key));
		if (number === null || number < 1)
			throw unusable(
				path,
				`doesn't give "${architecture}.${key}"; it is damaged or no language model`,
			);
		return number;
	};
	const layers = required("block_count");
	const embeddingLength = required("embedding_length");
	const heads = Math.max(
		...(perLayer(of("attention.head_count"), layers) ?? [0]),
	);
	const kvHeads =
		perLayer(of("attention.head_count_kv"), layers) ??
		Array.from({ length: layers }, () => heads);
	const headLength = heads === 0 ? 0 : Math.floor(embeddingLength / heads);
	const expertLength =
		(numberOf(of("expert_feed_forward_length")) ?? 0) *
		(numberOf(of("expert_used_count")) ?? 0);
	const vocabulary = values.get("tokenizer.ggml.tokens");
	const name = values.get("general.name");
	const license = values.get("general.license");
	return {
		path,
		name:
			typeof name === "string" && name.trim() !== "" ? name : nameOfFile(path),
		architecture,
		parameters: tensors.reduce((sum, tensor) => sum + tensor.elements, 0),
		precision: precisionOf(parts),
		layers,
		embeddingLength,
		feedForwardLength: Math.max(
			expertLength,
			...(perLayer(of("feed_forward_length"), layers) ?? [0]),
		),
		heads,
		kvHeads,
		keyLength: numberOf(of("attention.key_length")) ?? headLength,
		valueLength: numberOf(of("attention.value_length")) ?? headLength,
		trainedContextLength: numberOf(of("context_length")),
		vocabularySize:
			typeof vocabulary === "object"
				? vocabulary.length
				: required("vocab_size"),
		hasChatTemplate: typeof values.get("tokenizer.chat_template") === "string",
		license: typeof license === "string" && license !== "" ? license : null,
		isRecurrent: isRecurrent(architecture, of),
		...recurrentState({ embeddingLength, layers, kvHeads }, (key) =>
			numberOf(of(key)),
		),
		slidingWindow: numberOf(of("attention.sliding_window")) || null,
		sizeBytes: parts.reduce((sum, part) => sum + part.sizeBytes, 0),
		weightBytes: tensors.reduce((sum, tensor) => sum + tensor.sizeBytes, 0),
	};
}

function refuseOtherKinds(
	path: string,
	kind: GgufValue | undefined,
	architecture: string,
): void {
	if (kind === "adapter")
		throw unusable(
			path,
			"is a LoRA adapter; name the base model that it belongs to",
		);
	if (kind === "mmproj" || architecture === "clip") {
		throw unusable(
			path,
			"is the image part of a model that sees; name the language model's file",
		);
	}
	if (kind === "imatrix")
		throw unusable(path, "is an importance matrix; name the model's own file");
}

function isRecurrent(
	architecture: string,
	of: (key: string) => GgufValue | undefined,
): boolean {
	return (
		architecture.startsWith("rwkv") ||
		of("ssm.state_size") !== undefined ||
		of("shortconv.l_cache") !== undefined
	);
}

/** What the file says, else the type that most of the weights have. */
function precisionOf(parts: readonly GgufMetadata[]): string {
	const fileType = numberOf(parts[0]?.values.get("general.file_type"));
	// Bit 10 marks a type that its writer guessed.
	const stated =
		fileType === null ? undefined : filePrecisions.get(fileType & ~1024);
	if (stated !== undefined) return stated;
	const bytes = new Map<string, number>();
	for (const tensor of parts.flatMap((part) => part.tensors)) {
		bytes.set(
			tensor.type.name,
			(bytes.get(tensor.type.name) ?? 0) + tensor.sizeBytes,
		);
	}
	return (
		[...bytes].sort((left, right) => right[1] - left[1])[0]?.[0] ?? "unknown"
	);
}

/** Some models give one number for all layers, some a list. */
function perLayer(
	value: GgufValue | undefined,
	layers: number,
): readonly number[] | null {
	if (typeof value === "object") {
		const numbers = value.values?.map((item) => numberOf(item) ?? 0) ?? null;
		return numbers === null || numbers.length === 0 ? null : numbers;
	}
	const number = numberOf(value);
	return number === null
		? null
		: Array.from({ length: Math.min(layers, 65_536) }, () => number);
}

function numberOf(value: GgufValue | undefined): number | null {
	if (typeof value === "bigint") return Number(value);
	return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function unusable(path: string, what: string): GalleyError {
	return new GalleyError("model_unusable", `"${path}" ${what}.`);
}
