import { rm } from "node:fs/promises";
import type { ServiceConfig } from "../config/service-config.ts";
import type { Logger } from "../observability/logger.ts";
import type { ServiceMetrics } from "../observability/service-metrics.ts";
import type { Tracing } from "../observability/tracing/tracing.ts";
import type { ArrivingService } from "../runtime/arriving-service.ts";
import { toApiOptions } from "./api-options.ts";
import { packageVersion } from "./package-version.ts";
import { openServiceTracing } from "./service-tracing.ts";

/** The open port of a service, before and after there is a model behind it. */
export interface ServiceDoor {
	/** `http://127.0.0.1:8000`, or the socket's path. */
	address: string;
	service: ArrivingService;
	metrics: ServiceMetrics;
	tracing: Tracing;
	close(): Promise<void>;
}

/**
 * Starts to listen. Probes and dashboards see at once that the process lives and how far the model is, instead of a refused
 * connection that looks like a crash.
 */
export async function openServiceDoor(
	name: string,
	config: ServiceConfig,
	logger: Logger,
): Promise<ServiceDoor> {
	const [
		{ createServiceMetrics },
		{ ArrivingService },
		{ createApiServer },
		{ listen },
	] = await Promise.all([
		import("../observability/service-metrics.ts"),
		import("../runtime/arriving-service.ts"),
		import("../api/server.ts"),
		import("../api/listen.ts"),
	]);
	const version = packageVersion();
	const metrics = createServiceMetrics({
		modelName: name,
		// Told by the model when it is there.
		maxSequences: 0,
		version,
	});
	const service = new ArrivingService(name);
	const options = await toApiOptions(config, version);
	const tracing = await openServiceTracing(name, config, logger);
	const server = createApiServer({
		service,
		metrics,
		logger,
		tracing,
		options,
	});
	const address = await listen(
		server,
		config.socket === null
			? { host: config.host, port: config.port }
			: { socketPath: config.socket },
	);
	const close = async () => {
		await server.close();
		await tracing.close();
		metrics[Symbol.dispose]();
		if (config.socket !== null) await rm(config.socket, { force: true });
	};
	return { address, service, metrics, tracing, close };
}
