import type {
	BenchmarkJob,
	BenchmarkResult,
	BenchmarkStage,
	EvaluationJob,
	EvaluationResult,
	OptimizationJob,
	OptimizationResult,
	OptimizationRow,
} from "../src/api/job-types.ts";
import { Chance } from "./chance.ts";

function spread(p50: number) {
	return {
		mean: p50 * 1.1,
		p50,
		p90: p50 * 1.5,
		p95: p50 * 1.8,
		p99: p50 * 2.6,
	};
}

function stage(concurrency: number, speed: number): BenchmarkStage {
	const itl = 6 + (concurrency ** 1.25 * 3.2) / speed;
	const throughput = (concurrency * 1000) / itl;
	return {
		load: { mode: "closed", concurrency },
		completed: concurrency * 6,
		failed: 0,
		errors: {},
		durationSeconds: 24,
		inputTokens: concurrency * 6 * 640,
		cachedTokens: concurrency * 6 * 512,
		outputTokens: concurrency * 6 * 64,
		requestThroughput: throughput / 64,
		outputThroughput: throughput,
		totalThroughput: throughput * 11,
		goodput: null,
		ttftMs: spread(40 + concurrency * 14),
		tpotMs: spread(itl),
		itlMs: spread(itl),
		e2eMs: spread(itl * 64 + 90),
	};
}

export function mockBenchmark(
	model: string,
	levels: readonly number[],
	speed: number,
): BenchmarkResult {
	return {
		startedAt: new Date().toISOString(),
		conditions: {
			model,
			inputTokens: 128,
			prefixTokens: 512,
			outputTokens: 64,
			seed: 42,
			client: { cpu: "AMD EPYC 9354P", cpus: 8 },
		},
		stages: levels.map((level) => stage(level, speed)),
		notes: [],
		isPartial: false,
	};
}

export function mockEvaluation(count: number, share: number): EvaluationResult {
	const chance = new Chance(count);
	const capitals = [
		["France", "Paris"],
		["Japan", "Tokyo"],
		["Kenya", "Nairobi"],
		["Chile", "Santiago"],
		["Norway", "Oslo"],
		["Canada", "Ottawa"],
	] as const;
	const details = Array.from({ length: count }, (_, place) => {
		const [country, capital] = chance.of(capitals);
		const isRight = chance.next() < share;
		return {
			line: place + 1,
			question: `What is the capital of ${country}?`,
			answers: [capital],
			answer: isRight ? capital : "I am not sure, perhaps Sydney",
			error: null,
			ms: 180 + chance.next() * 300,
			exactMatch: isRight ? 1 : 0,
			f1: isRight ? 1 : 0.1,
			choice: null,
		};
	});
	const right = details.filter(({ exactMatch }) => exactMatch === 1).length;
	return {
		questions: count,
		failed: 0,
		isPartial: false,
		exactMatch: (100 * right) / count,
		f1: (100 * right) / count + 2,
		choiceAccuracy: null,
		latencyMs: { mean: 320, p50: 300 - share * 100, p95: 460 },
		firstTokenMs: { p50: 90, p95: 140 },
		promptTokens: count * 41,
		cachedTokens: count * 20,
		completionTokens: count * 6,
		seconds: count * 0.1,
		costUsd: count * 0.00004,
		details,
	};
}

const ago = (hours: number) =>
	new Date(Date.now() - hours * 3_600_000).toISOString();

export function pastBenchmarks(): BenchmarkJob[] {
	const run = (
		id: string,
		model: string,
		speed: number,
		hours: number,
	): BenchmarkJob => ({
		id,
		request: {
			model,
			concurrency: [1, 2, 4, 8, 16],
			inputTokens: 128,
			prefixTokens: 512,
			outputTokens: 64,
		},
		state: "finished",
		createdAt: ago(hours),
		endedAt: ago(hours - 0.05),
		progress: null,
		result: mockBenchmark(model, [1, 2, 4, 8, 16], speed),
		error: null,
		summary: {
			outputThroughput: stage(16, speed).outputThroughput,
			ttftP50Ms: stage(1, speed).ttftMs.p50,
			itlP50Ms: stage(1, speed).itlMs.p50,
		},
	});
	return [
		run("bench-3", "starter-chat", 1.35, 2),
		run("bench-2", "starter-chat", 1, 26),
		run("bench-1", "harbour-1-7.6b", 0.3, 50),
	];
}

export function pastEvaluations(): EvaluationJob[] {
	const run = (
		id: string,
		model: string,
		share: number,
		hours: number,
	): EvaluationJob => {
		const result = mockEvaluation(48, share);
		return {
			id,
			request: {
				model,
				questions: 48,
				questionSet: "6f1c02aa9b3d",
				concurrency: 4,
			},
			state: "finished",
			createdAt: ago(hours),
			endedAt: ago(hours - 0.02),
			progress: null,
			result,
			error: null,
			summary: {
				exactMatch: result.exactMatch,
				f1: result.f1,
				choiceAccuracy: null,
				latencyP50Ms: result.latencyMs?.p50 ?? null,
				costUsd: result.costUsd,
			},
		};
	};
	return [
		run("eval-2", "harbour-1-7.6b", 0.9, 3),
		run("eval-1", "starter-chat", 0.6, 5),
	];
}

export function mockOptimization(model: string): OptimizationResult {
	const row = (
		precision: string,
		score: number,
		meanKl: number,
		change: Partial<OptimizationRow> = {},
		threads = 8,
	): OptimizationRow => ({
		candidate: {
			variant: precision === "Q8_0" ? "source" : precision,
			threads,
			threadsBatch: 8,
			microBatchTokens: 512,
			flashAttention: "auto",
			kvType: "f16",
			kvLayout: "streams",
			speculation: "auto",
		},
		precision,
		fileBytes: precision === "Q8_0" ? 42_600_000 : 27_100_000,
		difference: threads === 8 ? "" : `threads ${threads} instead of 8`,
		score,
		spread: 0.03,
		runs: 3,
		loads: [1, 8].map((concurrency) => ({
			concurrency,
			outputThroughput: score * (concurrency === 1 ? 0.5 : 2),
			ttftP50Ms: 40 * concurrency,
			ttftP95Ms: 60 * concurrency,
			itlP50Ms: 900 / score + concurrency,
			itlP95Ms: 1400 / score + concurrency,
		})),
		peakMemoryBytes: precision === "Q8_0" ? 440_401_920 : 421_527_552,
		accuracy: {
			perplexity: 14.2 * Math.exp(meanKl),
			referencePerplexity: 14.2,
			meanKl,
			topAgreement: 1 - meanKl * 3,
		},
		perplexityLoss: Math.expm1(meanKl),
		isWinner: false,
		isBaseline: false,
		verdict: "keeps all limits",
		...change,
	});
	return {
		model: { name: model, precision: "Q8_0" },
		measuredAt: ago(20),
		constraints: {
			targetItlMs: 50,
			targetTtftMs: null,
			maxKl: 0.05,
			maxPerplexityLoss: 0.03,
			maxMemoryBytes: null,
		},
		rows: [
			row("Q4_K_M", 268, 0.021, { isWinner: true, verdict: "best" }),
			row("Q4_K_M", 241, 0.021, {}, 4),
			row("Q5_K_M", 233, 0.009),
			row("Q8_0", 201, 0, { isBaseline: true }),
			row("Q3_K_M", 284, 0.083, {
				verdict: "its KL divergence is 0.0830, allowed are 0.05",
			}),
			row("Q2_K", 0, 0.4, {
				score: null,
				loads: [],
				runs: 0,
				verdict: "its perplexity is 49.2 % higher, allowed are 3.0 %",
			}),
		],
		noise: 0.021,
		isComplete: true,
		reusedResults: 0,
		seconds: 512,
		warnings: [],
		summary:
			"Q4_K_M: 1.33 times the tokens a second of Q8_0 as it runs by default, KL divergence 0.0210, perplexity +2.1 %.",
	};
}

export function pastOptimizations(): OptimizationJob[] {
	const run = (id: string, hours: number): OptimizationJob => ({
		id,
		request: {
			model: "starter-chat",
			concurrency: [1, 8],
			targetItlMs: 50,
			maxKl: 0.05,
			maxPerplexityLoss: 0.03,
			minutes: 15,
		},
		state: "finished",
		createdAt: ago(hours),
		endedAt: ago(hours - 0.15),
		progress: null,
		result: mockOptimization("starter-chat"),
		error: null,
		summary: { precision: "Q4_K_M", score: 268, baselineScore: 201 },
	});
	return [run("optimize-2", 4), run("optimize-1", 30)];
}
