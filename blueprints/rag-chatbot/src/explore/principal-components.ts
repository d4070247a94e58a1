/** A vector's place on a flat map. */
export type Point = [x: number, y: number];

const iterations = 60;

/**
 * The two directions in which vectors differ most (principal components), by power iteration on the centred vectors: the
 * covariance matrix is never built. Deterministic; coordinates are scaled so that the farthest is at 1.
 */
export function projectToPlane(vectors: readonly ArrayLike<number>[]): Point[] {
	const dimensions = vectors[0]?.length ?? 0;
	const rows = centred(vectors, dimensions);
	const first = mainDirection(rows, dimensions, null);
	const second = mainDirection(rows, dimensions, first);
	const points = rows.map((row): Point => [dot(row, first), dot(row, second)]);
	const largest = Math.max(
		Number.MIN_VALUE,
		...points.map(([x, y]) => Math.max(Math.abs(x), Math.abs(y))),
	);
	return points.map(([x, y]) => [x / largest, y / largest]);
}

/** Cosine similarity of each with each. */
export function similarityMatrix(
	vectors: readonly ArrayLike<number>[],
): number[][] {
	const lengths = vectors.map((vector) => Math.sqrt(dot(vector, vector)) || 1);
	return vectors.map((one, row) =>
		vectors.map(
			(other, column) =>
				dot(one, other) / ((lengths[row] ?? 1) * (lengths[column] ?? 1)),
		),
	);
}

function centred(
	vectors: readonly ArrayLike<number>[],
	dimensions: number,
): Float64Array[] {
	const mean = new Float64Array(dimensions);
	for (const vector of vectors) add(mean, vector, 1 / vectors.length);
	return vectors.map((vector) => {
		const row = Float64Array.from(vector);
		add(row, mean, -1);
		return row;
	});
}

/** At a right angle to `other`. */
function mainDirection(
	rows: readonly Float64Array[],
	dimensions: number,
	other: Float64Array | null,
): Float64Array {
	// Any start will do that isn't at a right angle to the answer.
	let direction = Float64Array.from({ length: dimensions }, (_, index) =>
		Math.cos(1 + index * 1.7),
	);
	for (let step = 0; step < iterations; step++) {
		if (other !== null) add(direction, other, -dot(direction, other));
		const length = Math.sqrt(dot(direction, direction));
		if (length < 1e-12) return new Float64Array(dimensions);
		direction = direction.map((value) => value / length);
		const next = new Float64Array(dimensions);
		for (const row of rows) add(next, row, dot(row, direction));
		if (dot(next, next) < 1e-24) break;
		direction = next;
	}
	if (other !== null) add(direction, other, -dot(direction, other));
	const length = Math.sqrt(dot(direction, direction)) || 1;
	return direction.map((value) => value / length);
}

function dot(one: ArrayLike<number>, other: ArrayLike<number>): number {
	let sum = 0;
	for (let index = 0; index < one.length; index++)
		sum += (one[index] ?? 0) * (other[index] ?? 0);
	return sum;
}

function add(to: Float64Array, vector: ArrayLike<number>, factor: number) {
	for (let index = 0; index < to.length; index++)
		to[index] = (to[index] ?? 0) + factor * (vector[index] ?? 0);
}
