import { backoffDelayMs } from "../async/backoff.ts";
import type { BatchReport } from "../modalities/encoder-queue.ts";
import {
	EmbeddingModel,
	type EncoderParts,
	RankingModel,
} from "../modalities/encoder-service.ts";
import { EncoderText } from "../modalities/encoder-text.ts";
import type { Logger } from "../observability/logger.ts";
import { EncoderSupervisor } from "../runtime/encoders/encoder-supervisor.ts";
import type { EncoderPlan } from "./encoder-plan.ts";

export interface OpenEncoder {
	service: EmbeddingModel | RankingModel;
	supervisor: EncoderSupervisor;
}

const restartBackoff = { baseMs: 250, maxMs: 30_000 };
/** Share of a batch that may be fill. */
const maxFill = 0.1;

/**
 * Starts the engine process and puts the text side and the queue before it. The model is still loading then (wait for
 * `supervisor.whenReady`), so that a port can be open meanwhile and say so.
 */
export async function openEncoderService(
	plan: EncoderPlan,
	logger: Logger,
	onBatch?: (batch: BatchReport) => void,
): Promise<OpenEncoder> {
	const supervisor = new EncoderSupervisor({
		load: plan.load,
		lanes: plan.profile.lanes,
		backoffMs: (failures) =>
			backoffDelayMs(failures, restartBackoff, Math.random()),
		onLog: (level, message) => logger[level]({ component: "engine" }, message),
	});
	supervisor.start();
	try {
		const text = new EncoderText(
			await plan.openTokenizer(),
			plan.maxInputTokens,
		);
		const parts: EncoderParts = {
			name: plan.name,
			created: Math.floor(Date.now() / 1000),
			facts: { ...plan.facts, vocabularySize: text.vocabularySize },
			text,
			runner: supervisor,
			limits: {
				maxRequests: plan.config.maxQueuedRequests,
				maxTokens: plan.config.maxQueuedPromptTokens,
				maxBatchTokens: plan.maxBatchTokens,
				maxFill,
			},
			onBatch,
		};
		const { prompts, dimensions, trainedDimensions, isNormalized } =
			plan.encoder;
		const service =
			plan.encoder.task === "ranking"
				? new RankingModel(parts)
				: new EmbeddingModel({
						...parts,
						prompts,
						dimensions,
						trainedDimensions,
						isNormalized,
					});
		return { service, supervisor };
	} catch (error) {
		await supervisor.stop();
		throw error;
	}
}
