import type { Scope } from "./session.ts";

export interface KeyLimits {
	requestsPerMinute?: number | null;
	tokensPerMinute?: number | null;
	tokensPerDay?: number | null;
	concurrency?: number | null;
	spendUsd?: number | null;
}

export interface ApiKey {
	id: string;
	name: string;
	/** The first letters of the key, to tell keys apart. */
	prefix: string;
	tenant: string;
	scopes: readonly Scope[];
	/** Patterns; null is all. */
	models: readonly string[] | null;
	limits: KeyLimits | null;
	createdAt: string;
	expiresAt: string | null;
	lastUsedAt: string | null;
	revokedAt: string | null;
}

export interface KeyRequest {
	name: string;
	tenant?: string;
	scopes?: readonly Scope[];
	models?: readonly string[] | null;
	expiresAt?: string | null;
	limits?: KeyLimits;
}

export interface CreatedKey extends ApiKey {
	/** Shown this once. */
	key: string;
}

export interface UsageRow {
	key?: string;
	keyName?: string;
	model?: string;
	tenant?: string;
	day?: string;
	hour?: string;
	requests: number;
	errors: number;
	promptTokens: number;
	cachedTokens: number;
	completionTokens: number;
	seconds: number;
	costUsd: number | null;
}

export interface UsageAnswer {
	from: string;
	to: string;
	by: readonly string[] | string;
	rows: readonly UsageRow[];
}

export interface Blueprint {
	name: string;
	title: string;
	description: string;
	url: string | null;
	/** Its folder, in Galley's. */
	source: string;
	/** Where its source can be read. */
	sourceUrl: string | null;
	phase: string;
}

export interface BlueprintFile {
	/** `src/main.ts` */
	path: string;
	bytes: number;
}
