import { type GgufMetadata, readGgufMetadata } from "./gguf-metadata.ts";

/** What a GGUF file says of itself as an embedding or reranking model. */
export interface GgufEncoder {
	task: "embedding" | "ranking";
	pooling: "mean" | "cls" | "last";
	/** Tokens between the texts of a pair, behind those that end a text. */
	pairSeparator: readonly number[];
	/** How many kinds of texts the model tells apart; llama.cpp takes all tokens as the first kind. */
	textKinds: number;
	trainedLength: number;
}

/** `enum llama_pooling_type` */
const poolings = new Map<unknown, GgufEncoder["pooling"]>([
	[1, "mean"],
	[2, "cls"],
	[3, "last"],
]);
const rankPooling = 4;

/** Architectures that generate no text; any other is an encoder where its file names a pooling. */
const encoderArchitecture =
	/^(?:bert|(?:nomic|neo|jina|modern|euro)-?bert(?:-.*)?|gemma-embedding)$/;

/** Null for a model that generates text. */
export function describeGgufEncoder({
	values,
}: Pick<GgufMetadata, "values">): GgufEncoder | null {
	const architecture = values.get("general.architecture");
	if (typeof architecture !== "string") return null;
	const pooling = values.get(`${architecture}.pooling_type`);
	const isPooled = pooling === rankPooling || poolings.has(pooling);
	if (!isPooled && !encoderArchitecture.test(architecture)) return null;
	const number = (key: string, otherwise: number): number => {
		const value = values.get(key);
		return typeof value === "number" ? value : otherwise;
	};
	const separator = number("tokenizer.ggml.seperator_token_id", -1);
	// BERT's own tokenizer ends every text with its separator already.
	const isSeparated =
		values.get("tokenizer.ggml.add_sep_token") === true &&
		values.get("tokenizer.ggml.model") !== "bert" &&
		separator >= 0;
	return {
		task: pooling === rankPooling ? "ranking" : "embedding",
		pooling: poolings.get(pooling) ?? "mean",
		pairSeparator: isSeparated ? [separator] : [],
		textKinds: number("tokenizer.ggml.token_type_count", 1),
		trainedLength: number(`${architecture}.context_length`, 512),
	};
}

export async function readGgufEncoder(
	path: string,
): Promise<GgufEncoder | null> {
	return describeGgufEncoder(await readGgufMetadata(path));
}
