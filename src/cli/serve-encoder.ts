import type { ServiceConfig } from "../config/service-config.ts";
import { createEncoderMetrics } from "../observability/encoder-metrics.ts";
import type { Logger } from "../observability/logger.ts";
import { openEncoderDoor } from "./encoder-door.ts";
import type { EncoderPlan } from "./encoder-plan.ts";
import { openEncoderService } from "./open-encoder.ts";
import { packageVersion } from "./package-version.ts";

export interface RunningEncoder {
	/** `http://127.0.0.1:8000`, or the socket's path. */
	address: string;
	stop(): Promise<void>;
}

/**
 * The composition of one embedding or reranking service. Its ports open before the model is loaded, so that probes see 503
 * instead of a refused connection; resolves when it is loaded.
 */
export async function serveEncoder(
	plan: EncoderPlan,
	config: ServiceConfig,
	logger: Logger,
): Promise<RunningEncoder> {
	const metrics = createEncoderMetrics({
		modelName: plan.name,
		version: packageVersion(),
	});
	const { service, supervisor } = await openEncoderService(
		plan,
		logger,
		({ texts, tokens, computedTokens, durationMs }) =>
			metrics.batchEncoded({
				inputs: texts,
				tokens,
				paddingTokens: computedTokens - tokens,
				seconds: durationMs / 1000,
			}),
	);
	metrics.setResidentBytes(() => supervisor.residentBytes());
	supervisor.onState(({ phase }) => {
		if (phase === "restarting") metrics.engineRestarted();
	});
	try {
		const door = await openEncoderDoor(service, metrics, config, logger);
		logger.info(
			{ address: door.address },
			`Listening on ${door.address}; loading ${plan.name}.`,
		);
		try {
			await supervisor.whenReady();
		} catch (error) {
			await door.close();
			throw error;
		}
		const stop = async () => {
			await service.drain(config.drainTimeoutSeconds * 1000);
			await door.close();
		};
		return { address: door.address, stop };
	} catch (error) {
		await supervisor.stop();
		throw error;
	}
}
