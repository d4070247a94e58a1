import type { ChildProcess } from "node:child_process";
import { resolveServiceConfig } from "../config/service-config.ts";
import type { ServiceState } from "../core/language-service.ts";
import { createLogger, type Logger } from "../observability/logger.ts";
import { exitCodes } from "./exit-codes.ts";
import { type ModelPlan, planModel } from "./model-plan.ts";
import { type RunningService, serveModel } from "./serve-model.ts";

/** Serves a model until it is told to stop. */
export async function runService(
	flags: Record<string, unknown>,
	engineProcess: ChildProcess,
): Promise<number> {
	const asked = resolveServiceConfig({ flags, environment: process.env });
	const plan = await planModel(asked);
	const { config } = plan;
	const logger = createLogger({
		level: config.logLevel,
		format: config.logFormat,
		destination: process.stderr,
	});
	for (const warning of config.warnings) logger.warn({}, warning);
	logger.info({ profile: plan.facts.profile.name }, plan.explanation);
	const service = await serveModel(plan, config, logger, engineProcess);
	const stopped = stopOnSignal(service, logger);
	try {
		logger.info(
			{ address: service.address },
			`Listening on ${service.address}; loading ${plan.name}.`,
		);
		await announceReady(service, plan, logger);
	} catch (error) {
		await service.stop();
		throw error;
	}
	return stopped;
}

async function announceReady(
	service: RunningService,
	plan: ModelPlan,
	logger: Logger,
): Promise<void> {
	service.model.onState(progressLogger(logger));
	const info = await service.model.whenReady();
	logger.info(
		{
			model: plan.name,
			engine: info.engine,
			version: info.version,
			device: info.devices.join(", "),
		},
		`Ready: ${plan.name} answers at ${service.address}/v1 (API reference at ${service.address}/docs).`,
	);
}

/** A large model takes a while: one line every ten per cent says that it is getting on. */
function progressLogger(logger: Logger): (state: ServiceState) => void {
	let said = 0;
	return (state) => {
		if (state.phase !== "loading" || state.progress - said < 0.1) return;
		said = state.progress;
		const left =
			state.etaSeconds === null
				? ""
				: `, ${Math.ceil(state.etaSeconds)} s left`;
		logger.info({}, `Loading: ${Math.round(state.progress * 100)} %${left}.`);
	};
}

/** Resolves with the exit code when the service has been told to stop and has stopped. */
function stopOnSignal(
	service: RunningService,
	logger: Logger,
): Promise<number> {
	return new Promise((resolve, reject) => {
		let isStopping = false;
		const stop = (why: string) => {
			// A second Ctrl-C means now.
			if (isStopping) process.exit(exitCodes.interrupted);
			isStopping = true;
			logger.info({}, `${why}: finishing what runs, taking nothing new.`);
			service.stop().then(() => resolve(exitCodes.ok), reject);
		};
		process.on("SIGINT", () => stop("Interrupted"));
		process.on("SIGTERM", () => stop("Asked to end"));
		// Started by another command of ours: when that is gone, nobody needs this service.
		if (process.connected) process.on("disconnect", () => stop("Left alone"));
	});
}
