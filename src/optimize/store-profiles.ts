import { stat } from "node:fs/promises";
import {
	type MeasuredProfile,
	writeMeasuredProfiles,
} from "../models/measured-profiles.ts";
import type { ModelIdentity } from "../models/model-identity.ts";
import type { OptimizeReport, ReportRow } from "./report.ts";

/** Hands what was measured to `galley run`: the winner, and the others' figures. Resolves with the file's path. */
export async function storeProfiles(
	dataDirectory: string,
	measured: {
		identity: ModelIdentity;
		report: OptimizeReport;
		pathOf(variant: string): string;
	},
): Promise<string> {
	const { identity, report, pathOf } = measured;
	const profiles = await Promise.all(
		report.rows
			.filter(({ runs }) => runs > 0)
			.map((row) => toProfile(row, pathOf(row.candidate.variant), report)),
	);
	return writeMeasuredProfiles(dataDirectory, {
		version: 1,
		model: { ...identity, name: report.model.name, path: report.model.path },
		machine: report.machine,
		release: report.engine.release,
		measuredAt: report.measuredAt,
		profiles,
	});
}

async function toProfile(
	row: ReportRow,
	path: string,
	report: OptimizeReport,
): Promise<MeasuredProfile> {
	const { candidate, accuracy } = row;
	const status = await stat(path).catch(() => null);
	return {
		precision: row.precision,
		variantPath: status === null ? null : path,
		variantBytes: status?.size ?? row.fileBytes ?? 0,
		settings: {
			threads: candidate.threads,
			threadsBatch: candidate.threadsBatch,
			microBatchTokens: candidate.microBatchTokens,
			flashAttention: candidate.flashAttention,
			kvTypeK: candidate.kvType,
			kvTypeV: candidate.kvType,
			kvLayout: candidate.kvLayout,
			speculation: candidate.speculation,
		},
		figures: {
			loads: row.loads.map((load) => ({
				concurrency: load.concurrency,
				outputThroughput: load.outputThroughput,
				ttftP50Ms: load.ttftP50Ms,
				ttftP95Ms: load.ttftP95Ms,
				itlP50Ms: load.itlP50Ms,
				itlP95Ms: load.itlP95Ms,
				decodeTokensPerSecond: load.decodeTokensPerSecond,
				prefillTokensPerSecond: load.prefillTokensPerSecond,
			})),
			peakMemoryBytes: row.peakMemoryBytes ?? 0,
			accuracy:
				accuracy === null
					? null
					: {
							perplexity: accuracy.perplexity,
							referencePerplexity: accuracy.referencePerplexity,
							meanKl: accuracy.meanKl,
							topAgreement: accuracy.topAgreement,
						},
			score: row.score ?? 0,
			spread: row.spread,
			runs: row.runs,
		},
		isWinner: row.isWinner,
		why: row.isWinner ? report.summary : row.verdict,
	};
}
