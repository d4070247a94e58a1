import type { ChildProcess } from "node:child_process";
import {
	resolveServiceConfig,
	type ServiceConfig,
} from "../config/service-config.ts";
import type { ServiceState } from "../core/language-service.ts";
import { readGgufEncoder } from "../models/gguf-encoder.ts";
import { createLogger, type Logger } from "../observability/logger.ts";
import type { EncoderPlan } from "./encoder-plan.ts";
import { type EndSignal, watchEndSignals } from "./end-signals.ts";
import { exitCodes } from "./exit-codes.ts";
import { locateModel, type ModelLocation } from "./locate-model.ts";
import { type ModelPlan, planLocated, requireModel } from "./model-plan.ts";
import { type RunningService, serveModel } from "./serve-model.ts";
import type { ServiceDoor } from "./service-door.ts";

/** Serves a model until it is told to stop; fetches it first where it isn't here. */
export async function runService(
	flags: Record<string, unknown>,
	engineProcess: ChildProcess,
): Promise<number> {
	const asked = resolveServiceConfig({ flags, environment: process.env });
	const logger = createLogger({
		level: asked.logLevel,
		format: asked.logFormat,
		destination: process.stderr,
	});
	for (const warning of asked.warnings) logger.warn({}, warning);
	const ends = watchEndSignals();
	if (asked.engine === "openai") {
		// It was started for a model of ours, before anybody knew.
		if (engineProcess.connected) engineProcess.disconnect();
		const { serveExternal } = await import("./serve-external.ts");
		const service = await serveExternal(asked, logger, process.env);
		return stopAtEnd(service, ends, logger);
	}
	const location = await locateModel(requireModel(asked), asked);
	const planEncoder = await findEncoderPlan(location);
	if (planEncoder !== null) {
		// It was started for a language model, before anybody knew.
		if (engineProcess.connected) engineProcess.disconnect();
		return runEncoder(planEncoder, asked, logger, ends);
	}
	let door: ServiceDoor | null = null;
	let ready: Extract<ModelLocation, { kind: "fake" | "here" }>;
	if (location.kind === "fake" || location.kind === "here") ready = location;
	else if (location.kind === "encoder")
		throw new Error("an encoder has been served above");
	else {
		const prepared = await openAndPrepare(location, asked, logger, ends);
		if (prepared === null) return exitCodeOfEnd(ends);
		({ door, ready } = prepared);
	}
	const plan = await planLocated(ready, asked).catch(async (error) => {
		await door?.close();
		throw error;
	});
	const { config } = plan;
	logger.info({ profile: plan.facts.profile.name }, plan.explanation);
	const service = await serveModel(plan, config, logger, {
		engineProcess,
		door,
	});
	const stopped = stopAtEnd(service, ends, logger);
	try {
		logger.info(
			{ address: service.address },
			door === null
				? `Listening on ${service.address}; loading ${plan.name}.`
				: `Loading ${plan.name}.`,
		);
		await announceReady(service, plan, logger);
		await noteUse(plan, config, logger);
	} catch (error) {
		await service.stop();
		throw error;
	}
	return stopped;
}

type PlanEncoder = (config: ServiceConfig) => Promise<EncoderPlan>;

/** Null for what generates text, and for what isn't here yet. */
async function findEncoderPlan(
	location: ModelLocation,
): Promise<PlanEncoder | null> {
	if (location.kind === "encoder") {
		const { planEncoder } = await import("./encoder-plan.ts");
		return (config) => planEncoder(location, config);
	}
	if (location.kind !== "here") return null;
	const encoder = await readGgufEncoder(location.path);
	if (encoder === null) return null;
	const { planGgufEncoder } = await import("./gguf-encoder-plan.ts");
	return (config) => planGgufEncoder(location, encoder, config);
}

/** Serves an embedding or reranking model until it is told to stop. */
async function runEncoder(
	planEncoder: PlanEncoder,
	config: ServiceConfig,
	logger: Logger,
	ends: EndSignal,
): Promise<number> {
	const { serveEncoder } = await import("./serve-encoder.ts");
	const plan = await planEncoder(config);
	logger.info({ profile: plan.profile.name }, plan.explanation);
	const service = await serveEncoder(plan, config, logger);
	logger.info(
		{ address: service.address, model: plan.name },
		`Ready: ${plan.name} answers at ${service.address}/v1 (API reference at ${service.address}/docs).`,
	);
	return stopAtEnd(service, ends, logger);
}

interface PreparedService {
	door: ServiceDoor;
	ready: Extract<ModelLocation, { kind: "here" }>;
}

/** The port is open while the model is on its way. Null when that was interrupted. */
async function openAndPrepare(
	location: Extract<ModelLocation, { kind: "away" | "unconverted" }>,
	config: ServiceConfig,
	logger: Logger,
	ends: EndSignal,
): Promise<PreparedService | null> {
	const [{ openServiceDoor }, { prepareModel }, { createPreparationReport }] =
		await Promise.all([
			import("./service-door.ts"),
			import("./prepare-model.ts"),
			import("./preparation-report.ts"),
		]);
	const name = config.servedModelName ?? location.reference.name;
	const door = await openServiceDoor(name, config, logger);
	logger.info(
		{ address: door.address },
		`Listening on ${door.address}; preparing ${name}.`,
	);
	using report = createPreparationReport(name, logger, process.stderr);
	try {
		const ready = await prepareModel(location, config, {
			onPreparation: (preparation) => {
				door.service.setState({ phase: "preparing", ...preparation });
				report.hear(preparation);
			},
			onWarning: (warning) => logger.warn({}, warning),
			signal: ends.signal,
		});
		door.service.setState({ phase: "loading", progress: 0, etaSeconds: null });
		return { door, ready };
	} catch (error) {
		await door.close();
		if (!ends.signal.aborted) throw error;
		report[Symbol.dispose]();
		logger.info(
			{},
			`${ends.reason}: stopped. What was downloaded is kept; the same command goes on from there.`,
		);
		return null;
	}
}

/** So that `galley list` tells what is in use; a cache that can't be written serves all the same. */
async function noteUse(
	{ cached }: ModelPlan,
	config: ServiceConfig,
	logger: Logger,
): Promise<void> {
	if (cached === null || cached.isReadOnly) return;
	const { openModelSources } = await import("./model-sources.ts");
	const { cache } = await openModelSources(config);
	await cache
		.touch(cached)
		.catch((error: unknown) =>
			logger.debug({ error }, "The cache could not note that it was used."),
		);
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
function stopAtEnd(
	service: { stop(): Promise<void> },
	ends: EndSignal,
	logger: Logger,
): Promise<number> {
	return new Promise((resolve, reject) => {
		const stop = () => {
			logger.info(
				{},
				`${ends.reason}: finishing what runs, taking nothing new.`,
			);
			service.stop().then(() => resolve(exitCodes.ok), reject);
		};
		if (ends.signal.aborted) stop();
		else ends.signal.addEventListener("abort", stop, { once: true });
	});
}

/** Nothing was served yet: who pressed Ctrl-C hears that it was that, a supervisor that it was obeyed. */
function exitCodeOfEnd({ isInterrupt }: EndSignal): number {
	return isInterrupt ? exitCodes.interrupted : exitCodes.ok;
}
