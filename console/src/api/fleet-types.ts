export interface LoadProgress {
	stage: string;
	/** 0 to 1; null where it can't be told. */
	fraction: number | null;
	etaSeconds: number | null;
}

export interface Replica {
	id: string;
	/** `starting`, `ready`, `stopping`, `failed` ... */
	phase: string;
	/** Why it is not ready. */
	reason: string | null;
	pid: number | null;
	ageSeconds: number;
	/** How often it died by itself. */
	deaths: number;
	outstandingTokens: number;
	memoryBytes: number | null;
	progress: LoadProgress | null;
}

export interface Service {
	name: string;
	model: string;
	start: "always" | "on-demand";
	state: string;
	minReplicas: number;
	maxReplicas: number;
	/** What it is for, where the gateway knows: `chat`, `embedding`, `reranking`. */
	task: string | null;
	replicas: readonly Replica[];
}

export interface Upstream {
	name: string;
	url: string;
	models: readonly string[];
	state: string | null;
}

export interface FleetApplication {
	name: string;
	title: string;
	url: string;
	phase: string;
}

export interface Fleet {
	services: readonly Service[];
	upstreams: readonly Upstream[];
	aliases: readonly string[];
	applications: readonly FleetApplication[];
	memory: { budgetBytes: number | null; usedBytes: number } | null;
}

export interface Percentiles {
	p50: number;
	p95: number;
}

/** A sequence in flight, as the scheduler sees it. */
export interface LiveSequence {
	id: string;
	choice: number;
	state: "waiting" | "prefill" | "decode";
	waitsFor: string | null;
	priority: number;
	promptTokens: number;
	/** Of the prompt, what was shared or kept and not computed again. */
	cachedTokens: number;
	/** In the KV cache now. */
	computedTokens: number;
	generatedTokens: number;
	preemptions: number;
	ageSeconds: number;
}

export interface LiveReplica {
	id: string;
	phase: string;
	running: number;
	waiting: number;
	/** 0 to 1 */
	kvUse: number | null;
	stepMs: number | null;
	tokensPerSecond: number;
	ttftMs: Percentiles | null;
	itlMs: Percentiles | null;
	memoryBytes: number | null;
	sequences: readonly LiveSequence[];
}

export interface LiveService {
	name: string;
	replicas: readonly LiveReplica[];
}

/** One second of the fleet. */
export interface FleetMoment {
	/** Milliseconds since 1970. */
	at: number;
	services: readonly LiveService[];
}

export interface AutoscaleDecision {
	at: string;
	from: number;
	to: number;
	reason: string;
	inputs: Readonly<Record<string, unknown>>;
}

export interface AutoscaledService {
	name: string;
	min: number;
	max: number;
	current: number;
	desired: number;
	decisions: readonly AutoscaleDecision[];
}

export interface LogLine {
	at: string;
	replica: string;
	text: string;
}

export interface DeployRequest {
	name: string;
	model: string;
	options?: Readonly<Record<string, unknown>>;
	replicas?: number;
	start?: "always" | "on-demand";
}
