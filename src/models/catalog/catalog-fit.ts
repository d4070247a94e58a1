import type { CatalogEntry, CatalogVariant } from "./catalog-entry.ts";

/** Whether a model would run here, as far as its entry tells; `galley profiles` knows more, but has to ask the hub. */
export interface CatalogFit {
	/**
	 * `fits`: one of its variants does. `too-big`: none does. `not-served`: no engine of Galley runs such a model yet.
	 * `unknown`: neither size nor parameters are known.
	 */
	verdict: "fits" | "too-big" | "not-served" | "unknown";
	/** The variant meant: the first one if it fits, else the largest that does, else the smallest. */
	variant: string | null;
	/** An estimate, see `estimateBytes`. */
	needBytes: number | null;
	availableBytes: number;
	variants: readonly { name: string; needBytes: number | null }[];
}

/**
 * Bits a weight in files of a Llama of 8 billion parameters, as llama.cpp's documentation of its quantiser lists them.
 * Small models keep a larger part in high precision, which the tenth on top of the weights covers.
 */
const bitsPerWeight: Readonly<Record<string, number>> = {
	F32: 32,
	F16: 16,
	BF16: 16,
	FP16: 16,
	Q8_0: 8.5,
	INT8: 8,
	UINT8: 8,
	Q6_K: 6.57,
	Q5_K_M: 5.7,
	Q5_0: 5.6,
	Q4_K_M: 4.9,
	Q4_K_S: 4.7,
	Q4_0: 4.7,
	MXFP4: 4.7,
	Q3_K_M: 4,
	Q2_K: 3.2,
};

const kib = 1024;
const mib = 1024 ** 2;
/** Galley's two processes without a model, and an encoder's. */
const languageProcessBytes = 256 * mib;
const encoderProcessBytes = 160 * mib;
/** What the estimate gives a language model to remember; longer conversations need more. */
const assumedContextTokens = 4096;
const weightOverhead = 1.1;

/**
 * Weights and a tenth, the processes, and for a language model a KV cache of 4,096 tokens (or the context, if shorter) at
 * 5 KiB x sqrt(parameters in millions) a token. Published shapes lie between 1.2 (Llama 3.3 70B) and 6.2 (Phi 3.5 mini)
 * times that square root, most below 2: it is meant to be too much rather than too little. Null when nothing is known.
 */
export function estimateBytes(
	entry: Pick<
		CatalogEntry,
		"parameters" | "contextLength" | "domain" | "memory"
	>,
	variant: Pick<CatalogVariant, "quantisation" | "sizeBytes">,
): number | null {
	const { parameters, contextLength } = entry;
	const bits = bitsPerWeight[variant.quantisation.toUpperCase()];
	const weights =
		variant.sizeBytes ??
		(parameters === "unknown" || bits === undefined
			? null
			: (parameters * bits) / 8);
	if (weights === null) return null;
	const fixed = Math.ceil(weights * weightOverhead);
	if (!isLanguage(entry)) return fixed + encoderProcessBytes;
	const millions =
		(parameters === "unknown" ? weights * 2 : parameters) / 1_000_000;
	const tokens =
		typeof contextLength === "number"
			? Math.min(contextLength, assumedContextTokens)
			: assumedContextTokens;
	const cache = Math.ceil(5 * kib * Math.sqrt(millions) * tokens);
	return fixed + cache + languageProcessBytes;
}

export function fitOf(entry: CatalogEntry, availableBytes: number): CatalogFit {
	return fitTeller(entry)(availableBytes);
}

/** The same for an entry that is asked about often: what it needs is worked out once. */
export function fitTeller(
	entry: CatalogEntry,
): (availableBytes: number) => CatalogFit {
	const variants = entry.variants.map((variant) => ({
		name: variant.name,
		needBytes: estimateBytes(entry, variant),
	}));
	const [first] = variants;
	const sized = variants
		.flatMap(({ name, needBytes }) =>
			needBytes === null ? [] : [{ name, needBytes }],
		)
		.sort((left, right) => right.needBytes - left.needBytes);
	const smallest = sized.at(-1);
	const preferred = sized.find(({ name }) => name === first?.name);
	const isServed = entry.served.engine !== "none";
	return (availableBytes) => {
		if (!isServed || smallest === undefined)
			return {
				verdict: isServed ? "unknown" : "not-served",
				variant: first?.name ?? null,
				needBytes: first?.needBytes ?? null,
				availableBytes,
				variants,
			};
		const largest = sized.find(({ needBytes }) => needBytes <= availableBytes);
		const meant =
			preferred !== undefined && preferred.needBytes <= availableBytes
				? preferred
				: (largest ?? smallest);
		return {
			verdict: largest === undefined ? "too-big" : "fits",
			variant: meant.name,
			needBytes: meant.needBytes,
			availableBytes,
			variants,
		};
	};
}

function isLanguage({ domain }: Pick<CatalogEntry, "domain">): boolean {
	return domain === "language" || domain === "code" || domain === "multimodal";
}
