import { formatLoad } from "./format-report.ts";
import type { BenchmarkProgress } from "./progress.ts";

/** The part of a TTY stream that is needed here. */
export interface ProgressOutput {
	isTTY?: boolean | undefined;
	columns?: number | undefined;
	write(text: string): unknown;
}

/** Shows progress on one line of a terminal that rewrites itself; on anything else it is silent. `clear` removes the line. */
export function createProgressLine(output: ProgressOutput): {
	update(progress: BenchmarkProgress): void;
	clear(): void;
} {
	if (output.isTTY !== true) return { update: () => {}, clear: () => {} };
	return {
		update: (progress) => {
			output.write(
				`\r\u001b[K${formatProgress(progress).slice(0, (output.columns ?? 80) - 1)}`,
			);
		},
		clear: () => {
			output.write("\r\u001b[K");
		},
	};
}

/** `[2/3] 8 at a time: 12/32, 1 failed, 3.1 requests/s, 95 tokens/s, 7 s left` */
export function formatProgress(progress: BenchmarkProgress): string {
	if (progress.phase === "preparing")
		return "preparing: reading the model's name, measuring prompt lengths";
	const ended = progress.completed + progress.failed;
	const where =
		progress.load === null
			? "warming up"
			: `[${progress.stage}/${progress.stages}] ${formatLoad(progress.load)}`;
	const parts = [
		progress.total === null ? `${ended} done` : `${ended}/${progress.total}`,
		...(progress.failed > 0 ? [`${progress.failed} failed`] : []),
		`${progress.requestsPerSecond.toFixed(1)} requests/s`,
		`${Math.round(progress.chunksPerSecond)} tokens/s`,
		...(progress.secondsLeft === null
			? []
			: [`${Math.ceil(progress.secondsLeft)} s left`]),
	];
	return `${where}: ${parts.join(", ")}`;
}
