import type { EngineOptions, KvType } from "../engine/engine.ts";

/** One way to run a model, as far as measuring decides it. */
export interface Candidate {
	/** The weights: `source` is the file that was given, else a precision that is made from it. */
	variant: string;
	/** Threads for steps that only decode, and for those with prefill. */
	threads: number;
	threadsBatch: number;
	microBatchTokens: number;
	flashAttention: EngineOptions["flashAttention"];
	/** Of keys and values alike. */
	kvType: KvType;
	kvLayout: EngineOptions["kvLayout"];
	speculation: "auto" | "off";
}

export type CandidateField = keyof Candidate;

export const sourceVariant = "source";

const fields: readonly CandidateField[] = [
	"variant",
	"threads",
	"threadsBatch",
	"microBatchTokens",
	"flashAttention",
	"kvType",
	"kvLayout",
	"speculation",
];

/** The same text for the same candidate, for maps and for the journal. */
export function candidateKey(candidate: Candidate): string {
	return fields.map((field) => `${field}=${candidate[field]}`).join(" ");
}

/** What decides the numbers that a model computes: only these change its accuracy. */
export function accuracyKey({ variant, kvType }: Candidate): string {
	return `${variant} kv=${kvType}`;
}

/** What the library refuses: quantised values in the cache need flash attention. */
export function isPossible({ kvType, flashAttention }: Candidate): boolean {
	return flashAttention !== "off" || kvType === "f16" || kvType === "f32";
}

/** In which fields `candidate` differs from `base`: `threads 1 instead of 2`. */
export function describeDifference(
	candidate: Candidate,
	base: Candidate,
): string {
	return fields
		.filter((field) => candidate[field] !== base[field])
		.map((field) => `${field} ${candidate[field]} instead of ${base[field]}`)
		.join(", ");
}
