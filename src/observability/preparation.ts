import type {
	Preparation,
	PreparationStage,
} from "../core/language-service.ts";

/** What is done to a model, as it stands in the readiness body's `state` and before the words "the model". */
export const stageWords = {
	resolve: "resolving",
	download: "downloading",
	verify: "verifying",
	convert: "converting",
	quantize: "quantizing",
} as const satisfies Record<PreparationStage, string>;

const unknownWaitSeconds = 10;
const longestWaitSeconds = 60;

/** A download of hours is worth a look every minute. */
export function preparationRetrySeconds({ etaSeconds }: Preparation): number {
	return Math.min(longestWaitSeconds, etaSeconds ?? unknownWaitSeconds);
}

/** `downloading, 42 %, about 30 s left`. */
export function describePreparation(preparation: Preparation): string {
	const { stage, progress, etaSeconds } = preparation;
	const parts: string[] = [stageWords[stage]];
	if (progress !== null) parts.push(`${Math.floor(progress * 100)} %`);
	if (etaSeconds !== null) parts.push(`about ${Math.ceil(etaSeconds)} s left`);
	return parts.join(", ");
}
