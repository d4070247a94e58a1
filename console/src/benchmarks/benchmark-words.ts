import type { BenchmarkRequest, BenchmarkStage } from "../api/job-types.ts";
import { formatCount } from "../components/quantities.ts";

export function loadWords(request: BenchmarkRequest): string {
	const { concurrency, requestRate, inputTokens, prefixTokens, outputTokens } =
		request;
	const load =
		requestRate === undefined
			? `${(concurrency ?? [1]).join(", ")} at a time`
			: `${requestRate.join(", ")} a second`;
	const prompt =
		(prefixTokens ?? 0) > 0
			? `${formatCount(prefixTokens)} shared + ${formatCount(inputTokens ?? 128)} in`
			: `${formatCount(inputTokens ?? 128)} in`;
	return `${load}; ${prompt}, ${formatCount(outputTokens ?? 128)} out`;
}

export function stageWords({ load }: BenchmarkStage): string {
	return load.mode === "closed"
		? `${load.concurrency} at a time`
		: `${load.requestRate} a second`;
}
