import type {
	BenchmarkJob,
	BenchmarkResult,
	BenchmarkStage,
	EvaluationJob,
	EvaluationResult,
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
			request: { model, questions: 48, concurrency: 4 },
			state: "finished",
			createdAt: ago(hours),
			endedAt: ago(hours - 0.02),
			progress: null,
			result,
			error: null,
			summary: { exactMatch: result.exactMatch ?? 0, f1: result.f1 ?? 0 },
		};
	};
	return [
		run("eval-2", "harbour-1-7.6b", 0.9, 3),
		run("eval-1", "starter-chat", 0.6, 5),
	];
}
