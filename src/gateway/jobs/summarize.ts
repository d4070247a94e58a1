import { z } from "zod";
import type { JobKind } from "./job.ts";

/** Figures by name; the few that a list shows. */
export type JobSummary = Readonly<Record<string, number | string | null>>;

const figure = z.number().nullable();

const summaries: Readonly<
	Record<JobKind, (result: unknown) => JobSummary | null>
> = {
	benchmark: (result) => {
		const read = z
			.object({
				stages: z
					.array(
						z.object({
							outputThroughput: z.number(),
							ttftMs: z.object({ p50: figure }),
							itlMs: z.object({ p50: figure }),
						}),
					)
					.min(1),
			})
			.safeParse(result);
		if (!read.success) return null;
		const { stages } = read.data;
		const [least] = stages;
		return {
			outputThroughput: Math.max(
				...stages.map(({ outputThroughput }) => outputThroughput),
			),
			ttftP50Ms: least?.ttftMs.p50 ?? null,
			itlP50Ms: least?.itlMs.p50 ?? null,
		};
	},
	evaluation: (result) => {
		const read = z
			.object({
				questions: z.number(),
				failed: z.number(),
				exactMatch: figure,
				f1: figure,
				choiceAccuracy: figure,
				costUsd: figure,
				latencyMs: z.object({ p50: z.number() }).nullable(),
			})
			.safeParse(result);
		if (!read.success) return null;
		const { latencyMs, ...figures } = read.data;
		return { ...figures, latencyP50Ms: latencyMs?.p50 ?? null };
	},
	optimization: (result) => {
		const read = z
			.object({
				rows: z.array(
					z.object({
						precision: z.string(),
						score: figure,
						isWinner: z.boolean(),
						isBaseline: z.boolean(),
					}),
				),
			})
			.safeParse(result);
		if (!read.success) return null;
		const { rows } = read.data;
		const winner = rows.find(({ isWinner }) => isWinner);
		const baseline = rows.find(({ isBaseline }) => isBaseline);
		return {
			precision: winner?.precision ?? null,
			score: winner?.score ?? null,
			baselineScore: baseline?.score ?? null,
		};
	},
};

/** Null where a result has none of them: it was stopped, or an older version wrote it. */
export function summarize(kind: JobKind, result: unknown): JobSummary | null {
	return summaries[kind](result);
}
