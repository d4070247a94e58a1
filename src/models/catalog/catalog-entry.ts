import { z } from "zod";
import { GalleyError } from "../../core/errors.ts";
import { starterModels } from "../model-reference.ts";
import {
	hasControlCharacter,
	parseHubReference,
	parseUrlReference,
} from "../reference-syntax.ts";

/** What a model is for, and what else people call it. */
export const catalogTasks = {
	chat: "assistant conversation instruct llm text generation",
	completion: "text generation base llm autocomplete",
	code: "coding programming developer fill-in-the-middle",
	"vision-language": "vlm image understanding multimodal ocr documents",
	embedding: "embeddings vector vectors semantic search retrieval rag",
	reranking: "rerank reranker cross-encoder ranking relevance rag",
	"speech-recognition": "asr stt transcription speech-to-text audio",
	"speech-synthesis": "tts voice text-to-speech audio",
	"image-classification": "classify image labels computer vision",
	"object-detection": "detect boxes objects computer vision",
	"zero-shot-image-classification": "clip image text matching search",
	"image-features": "image embedding backbone similarity",
} as const;

export type CatalogTask = keyof typeof catalogTasks;
export const catalogTaskNames = Object.keys(catalogTasks) as CatalogTask[];

export const catalogDomains = [
	"language",
	"code",
	"multimodal",
	"retrieval",
	"speech",
	"vision",
] as const;

/** What a check of an entry against its publisher's text goes through. */
const checkedFacts = [
	"parameters",
	"files",
	"licence",
	"context-length",
	"languages",
	"memory",
	"settings",
	"capabilities",
	"release-date",
	"intended-use",
	"limits",
	"inputs",
	"outputs",
	"training-data",
	"benchmarks",
	"safety",
] as const;

/** What nobody published stands in the file as this word: a hole would look like an oversight. */
const unknown = z.literal("unknown");
const isUnknownOr = "must be given, or be the word unknown";

const longest = 6000;
const prose = z
	.string({ error: "must be text; write unknown where nothing is published" })
	.trim()
	.min(1, "must not be empty; write unknown where nothing is published")
	.max(longest, `must have at most ${longest} letters`)
	.refine(
		(text) => !hasControlCharacter(text.replace(/[\n\t]/g, " ")),
		"must not hold control characters",
	);
const label = z
	.string({ error: "must be text; write unknown where nothing is published" })
	.trim()
	.min(1, "must not be empty; write unknown where nothing is published")
	.max(160, "must have at most 160 letters")
	.refine(
		(text) => !hasControlCharacter(text),
		"must be one line without control characters",
	);
const word = z
	.string()
	.regex(
		/^[a-z0-9]+(-[a-z0-9]+)*$/,
		"must be small letters, digits and single hyphens",
	)
	.max(60, "must have at most 60 letters");
const words = z.array(word).max(40).refine(isDistinct, "has a word twice");
const above0 = "must be a whole number above 0";
const count = z.int(above0).positive(above0);
const countOrUnknown = z.union([count, unknown], {
	error: "must be a whole number above 0, or the word unknown",
});
const yesNoUnknown = z.union([z.boolean(), unknown], {
	error: "must be true, false, or the word unknown",
});

/** Names a model in commands, addresses and file names. */
export const catalogId = z
	.string()
	.max(96, "must have at most 96 letters")
	.regex(
		/^[a-z0-9]+([._-][a-z0-9]+)*$/,
		"must be small letters and digits, with single . _ or - between them",
	)
	.refine(
		(id) => id !== "fake" && !/\.(gguf|onnx|safetensors|ya?ml)$/.test(id),
		"must not look like a file or the fake engine",
	);

const webAddress = z
	.string()
	.max(500)
	.refine(
		isWebAddress,
		"must be an https address without a password or spaces",
	);

/** A public page, or a card that lies in this package. */
const source = z
	.string()
	.max(500)
	.refine(
		(text) =>
			isWebAddress(text) ||
			/^models\/[a-z0-9-]+\/[A-Za-z0-9_-]+\.md$/.test(text),
		"must be an https address of a public page",
	);

const reference = z.string().superRefine((text, context) => {
	const problem = referenceProblem(text);
	if (problem !== null)
		context.addIssue({ code: "custom", message: problem, input: text });
});

const variant = z.strictObject({
	name: z
		.string()
		.max(60, "must have at most 60 letters")
		.regex(
			/^[a-z0-9]+([._-][a-z0-9]+)*$/,
			"must be small letters and digits, with single . _ or - between them",
		),
	/** `Q4_K_M`, `BF16`, `INT8`, `F32`; as the file's format calls it. */
	quantisation: label,
	format: z.enum(["gguf", "safetensors", "onnx", "pytorch"]),
	/** What `galley run` and `galley pull` take. */
	reference,
	/** Null where the card doesn't say: the hub's list of files does. */
	sizeBytes: z
		.union([count, z.null()], {
			error: "must be a whole number of bytes, or null where it isn't known",
		})
		.default(null),
});

const licence = z.strictObject({
	/** SPDX's identifier where there is one, else the licence's own name in small letters. */
	id: z
		.string()
		.max(60)
		.regex(
			/^[A-Za-z0-9][A-Za-z0-9.+-]*$/,
			"must be letters, digits, points, + and hyphens, as SPDX writes it",
		),
	name: label,
	url: z.union([webAddress, unknown], { error: isUnknownOr }),
	/** `conditional`: allowed to most, under conditions that somebody should read first. */
	commercialUse: z.enum(["allowed", "conditional", "forbidden", "unknown"]),
});

const settings = z.strictObject({
	temperature: z.number().min(0).max(5).optional(),
	topP: z.number().min(0).max(1).optional(),
	topK: z.int().min(0).optional(),
	minP: z.number().min(0).max(1).optional(),
	repetitionPenalty: z.number().positive().optional(),
	note: prose.optional(),
});

const memory = z.strictObject({
	/** As published. */
	bytes: count,
	note: prose,
	source,
});

const check = z.strictObject({
	on: z
		.string()
		.regex(/^\d{4}-\d\d-\d\d$/, "must be a day, such as 2026-11-23"),
	/** Given in the entry, but not found that day in what the publisher says: it may be right all the same. */
	notFound: z
		.array(z.enum(checkedFacts))
		.max(checkedFacts.length)
		.refine(isDistinct, "has a fact twice"),
});

const benchmark = z.strictObject({
	name: label,
	value: z.number(),
	metric: label,
	source,
});

const card = z.strictObject({
	background: prose,
	intendedUse: prose,
	limits: prose,
	inputs: prose,
	outputs: prose,
	trainingData: prose,
	benchmarks: z.array(benchmark).max(40),
	safety: prose,
});

/** One model of the catalog, as its file has it. */
export const catalogEntrySchema = z.strictObject({
	id: catalogId,
	name: label,
	publisher: label,
	tasks: z
		.array(z.enum(catalogTaskNames))
		.min(1, "must name at least one task")
		.refine(isDistinct, "has a task twice"),
	domain: z.enum(catalogDomains),
	useCases: words,
	industries: words,
	parameters: countOrUnknown,
	/** Of a mixture of experts: those that compute a token. */
	activeParameters: count.optional(),
	/** The first is what `galley run ID` takes. */
	variants: z.array(variant).min(1, "must name at least one variant").max(60),
	licence,
	/** Tokens; null where the model doesn't read tokens (sound, images). */
	contextLength: z.union([count, unknown, z.null()], {
		error:
			"must be a whole number of tokens, null where there are none, or the word unknown",
	}),
	/** BCP 47; `mul` for "very many"; empty where language plays no part. */
	languages: z.union(
		[
			z
				.array(z.string().regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/))
				.max(120)
				.refine(isDistinct, "has a language twice"),
			unknown,
		],
		{
			error:
				"must be a list of language tags (en, pt-BR, mul for very many), or the word unknown",
		},
	),
	/** What the publisher says that it needs; `fit` estimates what nobody says. */
	memory: z.union([memory, unknown]),
	settings: z.union([settings, unknown]),
	capabilities: z.strictObject({
		tools: yesNoUnknown,
		/** Structured output: Galley enforces it for every model that it serves as a language model. */
		json: yesNoUnknown,
		vision: yesNoUnknown,
		reasoning: yesNoUnknown,
	}),
	/** `2025-04-29`, `2025-04`; as exact as published. */
	released: z.union(
		[
			z
				.string()
				.regex(
					/^\d{4}-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?$/,
					"must be a date (2025-04-29 or 2025-04), or the word unknown",
				),
			unknown,
		],
		{ error: "must be a date (2025-04-29 or 2025-04), or the word unknown" },
	),
	served: z.strictObject({
		/** What computes it in Galley today. */
		engine: z.enum(["llama", "onnx", "none"]),
		/** What is left out or in the way; null where nothing is. */
		note: prose.nullable(),
	}),
	/** `galley`: the project has run this very model; null: it has not. */
	runBy: z.enum(["galley"]).nullable(),
	sources: z.array(source).min(1, "must name at least one public page"),
	/** When somebody last read the publisher's text (or a copy of it) beside the entry; null: nobody said so. */
	checked: check.nullable().default(null),
	card,
});

export type CatalogEntry = z.infer<typeof catalogEntrySchema>;
export type CatalogVariant = CatalogEntry["variants"][number];

/** Why a reference can't be used from any machine; null when it can. */
function referenceProblem(text: string): string | null {
	if (starterModels.has(text)) return null;
	try {
		if (text.startsWith("hf://")) parseHubReference(text.slice("hf://".length));
		else if (/^https?:\/\//.test(text)) parseUrlReference(text, false);
		else if (!/^file:\/\/\//.test(text))
			return "must be hf://organisation/repository:file, an https or file address, or a starter model's name";
		return null;
	} catch (error) {
		if (error instanceof GalleyError) return error.message;
		throw error;
	}
}

function isWebAddress(text: string): boolean {
	if (!URL.canParse(text) || /\s/.test(text)) return false;
	const { protocol, username, password, hostname } = new URL(text);
	return (
		protocol === "https:" &&
		username === "" &&
		password === "" &&
		hostname !== ""
	);
}

function isDistinct(items: readonly unknown[]): boolean {
	return new Set(items).size === items.length;
}
