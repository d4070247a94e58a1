export type JobState = "running" | "finished" | "failed" | "cancelled";

export interface Job<Request, Progress, Result, Summary> {
	id: string;
	request: Request;
	state: JobState;
	createdAt: string;
	endedAt: string | null;
	progress: Progress | null;
	result?: Result | null;
	error: string | null;
	/** In lists, in place of the result. */
	summary?: Summary | null;
}

export interface BenchmarkRequest {
	model: string;
	endpoint?: "chat" | "completions";
	concurrency?: readonly number[];
	requestRate?: readonly number[];
	requests?: number;
	durationSeconds?: number;
	inputTokens?: number;
	prefixTokens?: number;
	outputTokens?: number;
	seed?: number;
}

export interface BenchmarkProgress {
	phase: string;
	stage: number;
	stages: number;
	completed: number;
	failed: number;
	total: number | null;
	secondsLeft: number | null;
	requestsPerSecond: number;
	chunksPerSecond: number;
}

export interface Distribution {
	mean: number;
	p50: number;
	p90: number;
	p95: number;
	p99: number;
}

export interface BenchmarkStage {
	load:
		| { mode: "closed"; concurrency: number }
		| { mode: "open"; requestRate: number; burstiness: number };
	completed: number;
	failed: number;
	errors: Readonly<Record<string, number>>;
	durationSeconds: number;
	inputTokens: number;
	cachedTokens: number | null;
	outputTokens: number;
	requestThroughput: number;
	outputThroughput: number;
	totalThroughput: number;
	goodput: number | null;
	ttftMs: Distribution;
	tpotMs: Distribution;
	itlMs: Distribution;
	e2eMs: Distribution;
}

export interface BenchmarkResult {
	startedAt: string;
	conditions: {
		model: string;
		inputTokens: number | null;
		prefixTokens: number | null;
		outputTokens: number | null;
		seed: number;
		client?: { cpu: string; cpus: number };
	};
	stages: readonly BenchmarkStage[];
	notes: readonly string[];
	isPartial: boolean;
}

export interface BenchmarkSummary {
	/** The most of all stages. */
	outputThroughput: number;
	/** Under the least load. */
	ttftP50Ms: number | null;
	itlP50Ms: number | null;
}

export type BenchmarkJob = Job<
	BenchmarkRequest,
	BenchmarkProgress,
	BenchmarkResult,
	BenchmarkSummary
>;

export interface EvaluationRequest {
	model: string;
	/** JSON lines. */
	questions: string;
	concurrency?: number;
	maxTokens?: number;
	temperature?: number;
	system?: string;
}

export interface EvaluationProgress {
	done: number;
	failed: number;
	total: number;
	elapsedSeconds: number;
	secondsLeft: number | null;
}

export interface EvaluatedQuestion {
	line: number;
	question: string;
	answers: readonly string[];
	answer: string | null;
	error: string | null;
	ms: number | null;
	exactMatch: number | null;
	f1: number | null;
	choice: number | null;
}

export interface EvaluationResult {
	questions: number;
	failed: number;
	isPartial: boolean;
	/** Percent, as are the next two. */
	exactMatch: number | null;
	f1: number | null;
	choiceAccuracy: number | null;
	latencyMs: { mean: number; p50: number; p95: number } | null;
	firstTokenMs: { p50: number; p95: number } | null;
	promptTokens: number;
	cachedTokens: number;
	completionTokens: number;
	seconds: number;
	costUsd: number | null;
	details: readonly EvaluatedQuestion[];
}

export interface EvaluationSummary {
	/** Percent, as are the next two. */
	exactMatch: number | null;
	f1: number | null;
	choiceAccuracy: number | null;
	latencyP50Ms: number | null;
	costUsd: number | null;
}

export type EvaluationJob = Job<
	Omit<EvaluationRequest, "questions"> & {
		questions: number;
		/** The same for the same questions; older runs have none. */
		questionSet?: string;
	},
	EvaluationProgress,
	EvaluationResult,
	EvaluationSummary
>;

export interface OptimizationRequest {
	/** A service. */
	model: string;
	precisions?: readonly string[];
	concurrency?: readonly number[];
	inputTokens?: number;
	outputTokens?: number;
	prefixTokens?: number;
	targetItlMs?: number;
	targetTtftMs?: number;
	maxKl?: number | "off";
	/** 0.03 is 3 %. */
	maxPerplexityLoss?: number | "off";
	maxMemory?: number;
	minutes?: number;
	fresh?: boolean;
}

/** One way to run a model. */
export interface Candidate {
	/** `source` is the file as it is; else a precision made from it. */
	variant: string;
	threads: number;
	threadsBatch: number;
	microBatchTokens: number;
	flashAttention: string;
	kvType: string;
	kvLayout: string;
	speculation: string;
}

export interface OptimizationProgress {
	activity: string;
	stage: string;
	candidate: Candidate | null;
	/** Of the activity, 0 to 1. */
	share: number | null;
	secondsLeft: number | null;
	/** So far, the fastest first. */
	measured: readonly MeasuredCandidate[];
}

export interface MeasuredCandidate
	extends Pick<
		OptimizationRow,
		| "candidate"
		| "precision"
		| "score"
		| "runs"
		| "perplexityLoss"
		| "isBaseline"
		| "verdict"
	> {
	meanKl: number | null;
}

export interface OptimizationLoad {
	concurrency: number;
	outputThroughput: number;
	ttftP50Ms: number;
	ttftP95Ms: number;
	itlP50Ms: number;
	itlP95Ms: number;
}

export interface OptimizationRow {
	candidate: Candidate;
	precision: string;
	fileBytes: number | null;
	difference: string;
	/** Geometric mean of output tokens a second over the loads. */
	score: number | null;
	/** Half the distance between the slowest and the fastest run, as a share. */
	spread: number;
	runs: number;
	loads: readonly OptimizationLoad[];
	peakMemoryBytes: number | null;
	accuracy: {
		perplexity: number;
		referencePerplexity: number;
		/** Nats a token. */
		meanKl: number;
		/** 0 to 1 */
		topAgreement: number;
	} | null;
	perplexityLoss: number | null;
	isWinner: boolean;
	isBaseline: boolean;
	verdict: string;
}

export interface OptimizationResult {
	model: { name: string; precision: string };
	measuredAt: string;
	constraints: {
		targetItlMs: number | null;
		targetTtftMs: number | null;
		maxKl: number | null;
		maxPerplexityLoss: number | null;
		maxMemoryBytes: number | null;
	};
	/** Best first. */
	rows: readonly OptimizationRow[];
	noise: number;
	isComplete: boolean;
	reusedResults: number;
	seconds: number;
	warnings: readonly string[];
	summary: string;
}

export interface OptimizationSummary {
	/** Of the winner; null where nothing kept all limits. */
	precision: string | null;
	score: number | null;
	baselineScore: number | null;
}

export type OptimizationJob = Job<
	OptimizationRequest,
	OptimizationProgress,
	OptimizationResult,
	OptimizationSummary
>;
