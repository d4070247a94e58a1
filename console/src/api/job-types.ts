export type JobState = "running" | "finished" | "failed" | "cancelled";

export interface Job<Request, Progress, Result> {
	id: string;
	request: Request;
	state: JobState;
	createdAt: string;
	endedAt: string | null;
	progress: Progress | null;
	result?: Result | null;
	error: string | null;
	/** In lists, in place of the result. */
	summary?: Readonly<Record<string, number>> | null;
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

export type BenchmarkJob = Job<
	BenchmarkRequest,
	BenchmarkProgress,
	BenchmarkResult
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

export type EvaluationJob = Job<
	Omit<EvaluationRequest, "questions"> & { questions: number },
	EvaluationProgress,
	EvaluationResult
>;
