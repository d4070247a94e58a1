import { GalleyError } from "../../core/errors.ts";

/**
 * The format, as https://github.com/huggingface/safetensors publishes it:
 *
 *     [ 8 bytes: header length n ][ n bytes: JSON ][ weights ]
 *     JSON: { "name": { "dtype": "F32", "shape": [2, 3], "data_offsets": [from, end] }, "__metadata__": { texts } }
 */
export const elementBytes = {
	F64: 8,
	F32: 4,
	F16: 2,
	BF16: 2,
	F8_E4M3: 1,
	F8_E5M2: 1,
	I64: 8,
	I32: 4,
	I16: 2,
	I8: 1,
	U8: 1,
	BOOL: 1,
} as const;

export type SafetensorsType = keyof typeof elementBytes;

export interface SafetensorsEntry {
	name: string;
	type: SafetensorsType;
	/** Slowest-running dimension first, as stored. */
	shape: readonly number[];
	elements: number;
	/** From the beginning of the file. */
	offset: number;
	sizeBytes: number;
}

export interface SafetensorsHeader {
	tensors: readonly SafetensorsEntry[];
	metadata: ReadonlyMap<string, string>;
}

/** The reference implementation's own bound. */
export const maxHeaderBytes = 100_000_000;
const limits = { tensors: 262_144, nameBytes: 1024, dimensions: 8 };

/** `json` is the header's text, `dataOffset` where the weights begin, `path` only stands in messages. */
export function parseSafetensorsHeader(
	json: Uint8Array,
	dataOffset: number,
	fileBytes: number,
	path: string,
): SafetensorsHeader {
	const parsed = parseJson(json, path);
	const entries = Object.entries(parsed);
	if (entries.length > limits.tensors)
		throw damaged(path, `claims ${entries.length} tensors`);
	const tensors: SafetensorsEntry[] = [];
	let metadata: ReadonlyMap<string, string> = new Map();
	for (const [name, value] of entries) {
		if (name === "__metadata__") metadata = readTexts(value, path);
		else tensors.push(readEntry(name, value, dataOffset, fileBytes, path));
	}
	refuseOverlaps(tensors, path);
	return { tensors, metadata };
}

function parseJson(json: Uint8Array, path: string): Record<string, unknown> {
	let parsed: unknown;
	try {
		parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json));
	} catch (cause) {
		throw damaged(path, "has a header that is no JSON", cause);
	}
	if (!isRecord(parsed)) throw damaged(path, "has a header that is no object");
	return parsed;
}

function readEntry(
	name: string,
	value: unknown,
	dataOffset: number,
	fileBytes: number,
	path: string,
): SafetensorsEntry {
	if (Buffer.byteLength(name) > limits.nameBytes || name === "")
		throw damaged(path, "has a tensor with an impossible name");
	if (!isRecord(value)) throw damaged(path, `describes "${name}" wrongly`);
	const { dtype, shape, data_offsets: offsets } = value;
	if (typeof dtype !== "string" || !Object.hasOwn(elementBytes, dtype)) {
		throw unusable(
			path,
			`has a tensor "${name}" of type ${JSON.stringify(dtype)}; Galley reads ${Object.keys(elementBytes).join(", ")}`,
		);
	}
	const type = dtype as SafetensorsType;
	if (
		!isSizes(shape) ||
		shape.length > limits.dimensions ||
		!isSizes(offsets) ||
		offsets.length !== 2
	)
		throw damaged(path, `describes "${name}" wrongly`);
	const elements = shape.reduce((product, length) => product * length, 1);
	const [from = 0, end = 0] = offsets;
	const sizeBytes = elements * elementBytes[type];
	if (!Number.isSafeInteger(sizeBytes) || end - from !== sizeBytes) {
		throw damaged(
			path,
			`gives "${name}" ${end - from} bytes, its shape ${shape.join(" x ")} needs ${sizeBytes}`,
		);
	}
	if (dataOffset + end > fileBytes) {
		throw unusable(
			path,
			`is cut off: "${name}" ends at byte ${dataOffset + end}, the file has ${fileBytes}. Download it again`,
		);
	}
	return { name, type, shape, elements, offset: dataOffset + from, sizeBytes };
}

function refuseOverlaps(
	tensors: readonly SafetensorsEntry[],
	path: string,
): void {
	const inOrder = tensors
		.filter((tensor) => tensor.sizeBytes > 0)
		.sort((left, right) => left.offset - right.offset);
	for (const [index, tensor] of inOrder.entries()) {
		const next = inOrder[index + 1];
		if (next !== undefined && tensor.offset + tensor.sizeBytes > next.offset)
			throw damaged(path, `lets "${tensor.name}" and "${next.name}" overlap`);
	}
}

function readTexts(value: unknown, path: string): ReadonlyMap<string, string> {
	if (!isRecord(value)) throw damaged(path, "has metadata that is no object");
	return new Map(
		Object.entries(value).map(([key, text]) => [key, String(text)]),
	);
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
	return (
		Array.isArray(value) &&
		value.every((item) => Number.isSafeInteger(item) && item >= 0)
	);
}

function damaged(path: string, what: string, cause?: unknown): GalleyError {
	return unusable(
		path,
		`${what}: the file is damaged. Download it again`,
		cause,
	);
}

export function unusable(
	path: string,
	what: string,
	cause?: unknown,
): GalleyError {
	return new GalleyError("model_unusable", `"${path}" ${what}.`, { cause });
}
