import type { FloatDecoder } from "../safetensors/decode-floats.ts";
import type { StoredTensor } from "../safetensors/safetensors-directory.ts";
import { elementBytes } from "../safetensors/safetensors-header.ts";
import { encodeFloats, type TensorEncoding } from "./encode-tensor.ts";

/** What happens to a tensor's floats between the two files. */
export interface WeightChange {
	/** Heads whose two halves of rows are interleaved; null leaves the rows where they are. */
	interleavedHeads: number | null;
	addend: number;
	factor: number;
}

export const unchanged: WeightChange = {
	interleavedHeads: null,
	addend: 0,
	factor: 1,
};

/** Source bytes in memory at once. */
const chunkBytes = 4 * 1024 * 1024;

/**
 * Reads a tensor piece by piece and gives it in its new encoding: memory stays at a few times `chunkBytes`, or a few heads where
 * one head is larger.
 */
export async function* streamWeights(
	tensor: StoredTensor,
	encoding: TensorEncoding,
	change: WeightChange,
	decoder: FloatDecoder,
): AsyncGenerator<Uint8Array> {
	if (tensor.elements === 0) return;
	const rows = rowsOf(tensor);
	const rowLength = tensor.elements / rows;
	const rowBytes = rowLength * elementBytes[tensor.type];
	const headRows =
		change.interleavedHeads === null ? 1 : rows / change.interleavedHeads;
	const unit = Math.max(1, Math.floor(chunkBytes / (rowBytes * headRows)));
	const chunkRows = Math.min(rows, unit * headRows);
	const isCopy =
		tensor.type === encoding &&
		change.interleavedHeads === null &&
		change.addend === 0 &&
		change.factor === 1;
	const floats = new Float32Array(isCopy ? 0 : chunkRows * rowLength);
	for (let row = 0; row < rows; row += chunkRows) {
		const count = Math.min(chunkRows, rows - row);
		const bytes = new Uint8Array(count * rowBytes);
		await tensor.file.read(tensor, row * rowBytes, bytes);
		if (isCopy) {
			yield bytes;
			continue;
		}
		const values = floats.subarray(0, count * rowLength);
		decoder.decode(bytes, tensor.type, values);
		applyChange(values, change);
		yield encodeFloats(
			change.interleavedHeads === null
				? values
				: interleaveHalves(values, headRows, rowLength),
			encoding,
		);
	}
}

/** A vector is one row; more dimensions than two are rows of the last one. */
function rowsOf(tensor: StoredTensor): number {
	return tensor.shape.length < 2
		? 1
		: tensor.shape.slice(0, -1).reduce((product, size) => product * size, 1);
}

function applyChange(values: Float32Array, change: WeightChange): void {
	const { addend, factor } = change;
	if (addend === 0 && factor === 1) return;
	for (let index = 0; index < values.length; index++)
		values[index] = (values[index] as number) * factor + addend;
}

/**
 * In every head of `headRows` rows: row i of the first half goes to 2 i, row i of the second half to 2 i + 1.
 *
 *     a0 a1 a2 b0 b1 b2  ->  a0 b0 a1 b1 a2 b2
 */
export function interleaveHalves(
	values: Float32Array,
	headRows: number,
	rowLength: number,
): Float32Array {
	const result = new Float32Array(values.length);
	const half = headRows / 2;
	const heads = values.length / (headRows * rowLength);
	for (let head = 0; head < heads; head++) {
		for (let index = 0; index < headRows; index++) {
			const from = head * headRows + (index % 2) * half + (index >> 1);
			result.set(
				values.subarray(from * rowLength, (from + 1) * rowLength),
				(head * headRows + index) * rowLength,
			);
		}
	}
	return result;
}
