import { createHash } from "node:crypto";
import type { LanguageService } from "../core/language-service.ts";
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

export function toSystemFingerprint(
	service: LanguageService,
	version: string,
): string {
	const { facts, model } = service;
	const identity = JSON.stringify([
		version,
		model.id,
		facts.sha256 ?? facts.sizeBytes,
		facts.precision,
		facts.profile.id,
	]);
	return `fp_${createHash("sha256").update(identity).digest("hex").slice(0, 10)}`;
}
