/** Vectors of texts: how alike they are, and where they lie on a map. */

type Vector = readonly number[];

/** Cosine similarity, -1 to 1; 0 with a vector of zeros. */
export function cosine(left: Vector, right: Vector): number {
	let product = 0;
	let leftSquares = 0;
	let rightSquares = 0;
	for (let index = 0; index < left.length; index++) {
		const one = left[index] ?? 0;
		const other = right[index] ?? 0;
		product += one * other;
		leftSquares += one * one;
		rightSquares += other * other;
	}
	const length = Math.sqrt(leftSquares * rightSquares);
	return length === 0 ? 0 : Math.max(-1, Math.min(1, product / length));
}

export function similarityMatrix(vectors: readonly Vector[]): number[][] {
	return vectors.map((left, row) =>
		vectors.map((right, column) => (row === column ? 1 : cosine(left, right))),
	);
}

interface AlikePair {
	left: number;
	right: number;
	similarity: number;
}

/** The most alike pairs, best first. */
export function closestPairs(
	matrix: readonly (readonly number[])[],
	limit: number,
): AlikePair[] {
	const pairs: AlikePair[] = [];
	for (const [left, row] of matrix.entries())
		for (let right = left + 1; right < row.length; right++)
			pairs.push({ left, right, similarity: row[right] ?? 0 });
	pairs.sort((one, other) => other.similarity - one.similarity);
	return pairs.slice(0, limit);
}

export interface Projection {
	/** One for each vector. */
	points: readonly { x: number; y: number }[];
	/** The share of all variance that each axis shows, 0 to 1. */
	explained: readonly [number, number];
}

/**
 * Principal component analysis onto two axes. There are far fewer texts than dimensions, so the eigenvectors of the small
 * matrix of inner products (texts by texts) are found rather than those of the covariance (dimensions by dimensions): with
 * centred rows X = U S Vt, the coordinates X V are U S, and X Xt = U S² Ut. Signs are fixed so that maps don't flip: the
 * coordinate of the largest magnitude is positive.
 */
export function projectToPlane(vectors: readonly Vector[]): Projection {
	const count = vectors.length;
	if (count === 0) return { points: [], explained: [0, 0] };
	const centred = centre(vectors);
	const products = centred.map((left) =>
		centred.map((right) => dot(left, right)),
	);
	const total = products.reduce(
		(sum, row, index) => sum + (row[index] ?? 0),
		0,
	);
	const pairs = eigen(products).slice(0, 2);
	// What is left of rounding is no axis: equal texts lie in one point.
	const floor = total * 1e-12;
	const axes = [0, 1].map((axis) => {
		const { value, vector } = pairs[axis] ?? { value: 0, vector: [] };
		if (!(value > floor)) return Array.from({ length: count }, () => 0);
		const scale = Math.sqrt(value);
		const largest = vector.reduce(
			(best, one) => (Math.abs(one) > Math.abs(best) + 1e-9 ? one : best),
			0,
		);
		const sign = largest < 0 ? -1 : 1;
		return vector.map((one) => one * scale * sign);
	});
	const share = (axis: number) =>
		total === 0 ? 0 : Math.max(0, (pairs[axis]?.value ?? 0) / total);
	return {
		points: vectors.map((_, index) => ({
			x: axes[0]?.[index] ?? 0,
			y: axes[1]?.[index] ?? 0,
		})),
		explained: [share(0), share(1)],
	};
}

function centre(vectors: readonly Vector[]): number[][] {
	const width = vectors[0]?.length ?? 0;
	const means = Array.from(
		{ length: width },
		(_, column) =>
			vectors.reduce((sum, vector) => sum + (vector[column] ?? 0), 0) /
			vectors.length,
	);
	return vectors.map((vector) =>
		means.map((mean, column) => (vector[column] ?? 0) - mean),
	);
}

function dot(left: Vector, right: Vector): number {
	let sum = 0;
	for (let index = 0; index < left.length; index++)
		sum += (left[index] ?? 0) * (right[index] ?? 0);
	return sum;
}

interface EigenPair {
	value: number;
	vector: number[];
}

/** Of a symmetric matrix, largest values first, by cyclic Jacobi rotations (Golub and Van Loan, Matrix Computations, 8.5). */
function eigen(matrix: readonly (readonly number[])[]): EigenPair[] {
	const size = matrix.length;
	const a = matrix.map((row) => Float64Array.from(row));
	const vectors = matrix.map((_, row) =>
		Float64Array.from({ length: size }, (_, column) =>
			row === column ? 1 : 0,
		),
	);
	const at = (row: number, column: number) => a[row]?.[column] ?? 0;
	const scale = Math.max(1e-300, ...a.map((row) => Math.hypot(...row)));
	for (let sweep = 0; sweep < 60; sweep++) {
		let off = 0;
		for (let p = 0; p < size; p++)
			for (let q = p + 1; q < size; q++) off += at(p, q) ** 2;
		if (Math.sqrt(off) <= scale * 1e-14) break;
		for (let p = 0; p < size; p++)
			for (let q = p + 1; q < size; q++) {
				const apq = at(p, q);
				if (Math.abs(apq) <= scale * 1e-16) continue;
				const theta = (at(q, q) - at(p, p)) / (2 * apq);
				const t =
					Math.sign(theta || 1) / (Math.abs(theta) + Math.hypot(theta, 1));
				const c = 1 / Math.hypot(t, 1);
				rotate(a, vectors, { p, q, c, s: t * c });
			}
	}
	return Array.from({ length: size }, (_, column) => ({
		value: at(column, column),
		vector: vectors.map((row) => row[column] ?? 0),
	})).sort((left, right) => right.value - left.value);
}

function rotate(
	a: Float64Array[],
	vectors: Float64Array[],
	{ p, q, c, s }: { p: number; q: number; c: number; s: number },
): void {
	const turn = (row: Float64Array) => {
		const left = row[p] ?? 0;
		const right = row[q] ?? 0;
		row[p] = c * left - s * right;
		row[q] = s * left + c * right;
	};
	for (const row of a) turn(row);
	const rowP = a[p];
	const rowQ = a[q];
	if (rowP === undefined || rowQ === undefined) return;
	for (let column = 0; column < a.length; column++) {
		const left = rowP[column] ?? 0;
		const right = rowQ[column] ?? 0;
		rowP[column] = c * left - s * right;
		rowQ[column] = s * left + c * right;
	}
	for (const row of vectors) turn(row);
}
