import type { Pooling } from "../encoder-engine.ts";

/** Vectors of all tokens, row after row: `[rows, length, width]`. */
export interface TokenVectors {
	data: Float32Array;
	rows: number;
	length: number;
	width: number;
}

/** One vector a row: `[rows, width]`. `lengths` says how many of a row's vectors are the text's and not fill. */
export function poolVectors(
	vectors: TokenVectors,
	lengths: readonly number[],
	pooling: Pooling,
): Float32Array {
	const { data, rows, length, width } = vectors;
	const pooled = new Float32Array(rows * width);
	for (let row = 0; row < rows; row++) {
		const start = row * length * width;
		const count = lengths[row] ?? 0;
		const target = pooled.subarray(row * width, (row + 1) * width);
		const tokenVector = (index: number) =>
			data.subarray(start + index * width, start + (index + 1) * width);
		switch (pooling) {
			case "cls":
				target.set(tokenVector(0));
				break;
			case "last":
				target.set(tokenVector(count - 1));
				break;
			case "max":
				target.set(tokenVector(0));
				for (let index = 1; index < count; index++) {
					const vector = tokenVector(index);
					for (let column = 0; column < width; column++)
						target[column] = Math.max(
							target[column] as number,
							vector[column] as number,
						);
				}
				break;
			case "mean":
				addAll(data, start, count, target);
				break;
		}
	}
	return pooled;
}

function addAll(
	data: Float32Array,
	start: number,
	count: number,
	target: Float32Array,
): void {
	const width = target.length;
	let from = start;
	for (let index = 0; index < count; index++) {
		for (let column = 0; column < width; column++)
			target[column] = (target[column] as number) + (data[from++] as number);
	}
	for (let column = 0; column < width; column++)
		target[column] = (target[column] as number) / count;
}

/** Each row to unit length, in place; a row of zeros stays. */
export function normalizeRows(rows: Float32Array, width: number): void {
	for (let start = 0; start < rows.length; start += width) {
		let squares = 0;
		for (let index = start; index < start + width; index++)
			squares += (rows[index] as number) ** 2;
		if (squares === 0) continue;
		const scale = 1 / Math.sqrt(squares);
		for (let index = start; index < start + width; index++)
			rows[index] = (rows[index] as number) * scale;
	}
}
