import { backoffDelayMs } from "../async/backoff.ts";
import type { BatchReport } from "../modalities/encoder-queue.ts";
import {
	EmbeddingModel,
	type EncoderParts,
	RankingModel,
} from "../modalities/encoder-service.ts";
import { EncoderText } from "../modalities/encoder-text.ts";
import { openTokenizer } from "../modalities/onnx-tokenizer.ts";
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
 * Starts the engine process and puts the text side and the queue before it. Resolves when the model is loaded, since only
 * then the length of its vectors is known; the engine process may die and come back after that.
 */
export async function openEncoderService(
	plan: EncoderPlan,
	logger: Logger,
	onBatch?: (batch: BatchReport) => void,
): Promise<OpenEncoder> {
	const supervisor = new EncoderSupervisor({
		load: plan.load,
		backoffMs: (failures) =>
			backoffDelayMs(failures, restartBackoff, Math.random()),
		onLog: (level, message) => logger[level]({ component: "engine" }, message),
	});
	supervisor.start();
	try {
		const text = new EncoderText(
			openTokenizer(plan.directory),
			plan.maxInputTokens,
		);
		const info = await supervisor.whenReady();
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
		const { prompts, trainedDimensions, isNormalized } = plan.directory;
		const service =
			plan.directory.task === "ranking"
				? new RankingModel(parts)
				: new EmbeddingModel({
						...parts,
						prompts,
						dimensions: info.width,
						trainedDimensions,
						isNormalized,
					});
		return { service, supervisor };
	} catch (error) {
		await supervisor.stop();
		throw error;
	}
}
