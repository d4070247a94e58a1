import { createHash } from "node:crypto";
import type { LanguageService, ModelFacts } from "../core/language-service.ts";
import type { ApiOptions } from "./api-options.ts";
import type { ApiLogger, ApiMetrics } from "./observers.ts";

/** What every route is given. */
export interface ApiContext {
	readonly service: LanguageService;
	readonly metrics: ApiMetrics;
	readonly logger: ApiLogger;
	readonly options: ApiOptions;
	/** OpenAI's `system_fingerprint`: changes when the release, the weights or the way they run change. */
	readonly systemFingerprint: string;
}

/** A model that is still being fetched has no weights to tell of, so the fingerprint is made anew when its facts are. */
export function createFingerprints(
	service: LanguageService,
	version: string,
): () => string {
	let facts: ModelFacts | null = null;
	let fingerprint = "";
	return () => {
		if (facts !== service.facts) {
			facts = service.facts;
			fingerprint = toSystemFingerprint(service, version);
		}
		return fingerprint;
	};
}

function toSystemFingerprint(
	{ facts, model }: LanguageService,
	version: string,
): string {
	const identity = JSON.stringify([
		version,
		model.id,
		facts.sha256 ?? facts.sizeBytes,
		facts.precision,
		facts.profile.id,
	]);
	return `fp_${createHash("sha256").update(identity).digest("hex").slice(0, 10)}`;
}
