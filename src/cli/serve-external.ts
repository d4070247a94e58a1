import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import type { ServiceConfig } from "../config/service-config.ts";
import { GalleyError } from "../core/errors.ts";
import { ExternalService } from "../external/external-service.ts";
import type { Logger } from "../observability/logger.ts";
import { createServiceMetrics } from "../observability/service-metrics.ts";
import { toApiOptions } from "./api-options.ts";
import { packageVersion } from "./package-version.ts";

export interface RunningExternal {
	/** `http://127.0.0.1:8000`, or the socket's path. */
	address: string;
	service: ExternalService;
	stop(): Promise<void>;
}

/** Servers of this kind keep a queue of their own: so many are handed to it where nobody said. */
const usualRequests = 256;
const engineStopMs = 10_000;

/**
 * The composition of a service whose engine is somebody else's server: a door with health, metadata, metrics, keys and limits, and
 * requests passed through. No tokenizer and no scheduler of ours: the engine has its own. Its port is open before the engine
 * is ready, so that probes see 503 instead of a refused connection.
 */
export async function serveExternal(
	config: ServiceConfig,
	logger: Logger,
	environment: Readonly<Record<string, string | undefined>>,
): Promise<RunningExternal> {
	const [{ createExternalServer }, { listen }] = await Promise.all([
		import("../api/external/external-server.ts"),
		import("../api/listen.ts"),
	]);
	const { upstreamUrl, engineCommand, servedModelName, model } = config;
	const source =
		upstreamUrl === null
			? { command: engineCommand ?? "" }
			: { url: upstreamUrl };
	const maxRunning = config.maxNumSeqs ?? usualRequests;
	const service = new ExternalService({
		source,
		readyPath:
			config.engineReadyPath ??
			(upstreamUrl === null ? "/health" : "/v1/models"),
		headers: keyHeader(config.upstreamKeyEnv, environment),
		environment,
		model,
		servedName: servedModelName,
		limits: {
			maxRunning,
			maxWaiting: config.maxQueuedRequests,
			maxWaitMs: config.maxQueueSeconds * 1000,
		},
		timeoutMs: config.engineTimeoutSeconds * 1000,
		profile: profileOf(upstreamUrl, engineCommand),
		stopMs: engineStopMs,
		onLog: (level, message) => logger[level]({ component: "engine" }, message),
	});
	const version = packageVersion();
	const metrics = createServiceMetrics({
		modelName: servedModelName ?? model ?? "external",
		maxSequences: maxRunning,
		version,
	});
	metrics.setLoad(() => service.load());
	const readiness = setInterval(
		() => metrics.setReady(service.isReady),
		1000,
	).unref();
	const options = await toApiOptions(config, version);
	const server = createExternalServer({ service, metrics, logger, options });
	const address = await listen(
		server,
		config.socket === null
			? { host: config.host, port: config.port }
			: { socketPath: config.socket },
	);
	const close = async (drainMs: number) => {
		await service.stop(drainMs);
		await server.close();
		clearInterval(readiness);
		metrics[Symbol.dispose]();
		if (config.socket !== null) await rm(config.socket, { force: true });
	};
	try {
		await service.engine.start();
	} catch (error) {
		await close(0);
		throw error;
	}
	logger.info(
		{ address },
		`Listening on ${address}; the engine is ${upstreamUrl ?? "starting"}.`,
	);
	return {
		address,
		service,
		stop: () => close(config.drainTimeoutSeconds * 1000),
	};
}

function keyHeader(
	variable: string | null,
	environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
	if (variable === null) return {};
	const key = environment[variable];
	if (key === undefined || key === "")
		throw new GalleyError(
			"invalid_configuration",
			`--upstream-key-env names ${variable}, which is not set.`,
		);
	return { authorization: `Bearer ${key}` };
}

/** `openai-vllm`: by the command's own name, or where it is. */
function profileOf(
	url: string | null,
	command: string | null,
): { id: string; name: string } {
	const what = url === null ? (command ?? "") : url;
	const word =
		url === null
			? (/[^\s/]+(?=\s|$)/.exec(command ?? "")?.[0] ?? "engine")
			: new URL(url).hostname;
	return {
		id: createHash("sha256").update(what).digest("hex"),
		name: `openai-${word}`,
	};
}
