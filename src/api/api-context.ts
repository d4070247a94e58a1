import { createHash } from "node:crypto";
import type {
	LanguageService,
	ModelEntry,
	ModelFacts,
	ServiceState,
} from "../core/language-service.ts";
import type { Tracing } from "../observability/tracing/tracing.ts";
import type { ApiOptions } from "./api-options.ts";
import type { KeepAlive } from "./keep-alive.ts";
import type { ApiLogger, ApiMetrics } from "./observers.ts";

/** What every kind of service tells of itself. */
export interface ServedModel {
	readonly model: ModelEntry;
	readonly facts: Pick<
		ModelFacts,
		| "architecture"
		| "name"
		| "parameters"
		| "precision"
		| "license"
		| "sizeBytes"
		| "sha256"
		| "profile"
	> &
		Partial<Pick<ModelFacts, "origin" | "trainedContextLength">>;
	/** The base model first; left out where it is alone. */
	models?(): readonly ModelEntry[];
	state(): ServiceState;
}

/** What the routes that every kind of service has are given: health, models, management. */
export interface ServiceContext {
	readonly service: ServedModel;
	readonly metrics: ApiMetrics;
	readonly logger: ApiLogger;
	readonly options: ApiOptions;
	/** Left out: nothing is traced. */
	readonly tracing?: Tracing | undefined;
}

/** What the routes of a language service are given. */
export interface ApiContext extends ServiceContext {
	readonly service: LanguageService;
	/** Watches over every stream of this server. */
	readonly keepAlive: KeepAlive;
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
