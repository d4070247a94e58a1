import type { Queryable } from "../database.ts";

/** pgvector indexes at most 2,000 dimensions of `vector` and 4,000 of `halfvec`. */
const maxFullDimensions = 2000;
export const maxDimensions = 4000;

/** The expression that is indexed; a query that orders by anything else reads the whole table. */
export function indexedVector(dimensions: number): {
	type: string;
	operators: string;
} {
	const kind = dimensions > maxFullDimensions ? "halfvec" : "vector";
	return {
		type: `${kind}(${Math.trunc(dimensions)})`,
		operators: `${kind}_cosine_ops`,
	};
}

/** Makes the index of a number of dimensions unless it is there. */
export async function ensureVectorIndex(
	database: Queryable,
	dimensions: number,
): Promise<void> {
	const { type, operators } = indexedVector(dimensions);
	await database.query(
		`create index if not exists chunk_vectors_hnsw_${Math.trunc(dimensions)} on chunk_vectors
			using hnsw ((embedding::${type}) ${operators}) with (m = 16, ef_construction = 64)
			where dimensions = ${Math.trunc(dimensions)}`,
	);
}

/** pgvector's text form. */
export function vectorText(values: ArrayLike<number>): string {
	const parts = new Array<string>(values.length);
	for (let index = 0; index < values.length; index++) {
		const value = values[index] as number;
		if (!Number.isFinite(value))
			throw new RangeError(
				`Value ${index} of a vector is ${value}; the embedding model is broken or the vector was cut off.`,
			);
		parts[index] = String(
			Math.fround(value) === value ? shortest(value) : value,
		);
	}
	return `[${parts.join(",")}]`;
}

/** A single-precision number needs nine digits to come back the same; doubles print it with up to seventeen. */
function shortest(value: number): number {
	return Number(value.toPrecision(9));
}
