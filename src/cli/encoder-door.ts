import { rm } from "node:fs/promises";
import type { EncoderSurface } from "../api/encoders/encoder-server.ts";
import type { GrpcServer } from "../api/kserve/grpc-server.ts";
import type { ServiceConfig } from "../config/service-config.ts";
import type {
	EmbeddingService,
	RankingService,
} from "../core/embedding-service.ts";
import { toGalleyError } from "../core/errors.ts";
import type { EncoderMetrics } from "../observability/encoder-metrics.ts";
import type { Logger } from "../observability/logger.ts";
import { toApiOptions } from "./api-options.ts";
import { packageVersion } from "./package-version.ts";
import { openServiceTracing } from "./service-tracing.ts";

/** NIM's and Triton's. */
const usualGrpcPort = 8001;
/** What waits for an answer when the doors close has had the drain time already. */
const grpcCloseMs = 1000;

/** The open ports of an embedding or reranking service. */
export interface EncoderDoor {
	/** `http://127.0.0.1:8000`, or the socket's path. */
	address: string;
	/** Null where gRPC is off, or its usual port was taken. */
	grpcAddress: string | null;
	/** Closes both, and the metrics. */
	close(): Promise<void>;
}

/**
 * Starts to listen for HTTP and gRPC. `metrics` are those that the service reports its batches to; what they read at a
 * scrape is set here.
 */
export async function openEncoderDoor(
	service: EmbeddingService | RankingService,
	metrics: EncoderMetrics,
	config: ServiceConfig,
	logger: Logger,
): Promise<EncoderDoor> {
	const [{ createEncoderSurface }, { listen }] = await Promise.all([
		import("../api/encoders/encoder-server.ts"),
		import("../api/listen.ts"),
	]);
	metrics.setLoad(() => service.load());
	metrics.setReady(() => service.state().phase === "ready");
	const options = await toApiOptions(config, packageVersion());
	const tracing = await openServiceTracing(service.model.id, config, logger);
	const surface = createEncoderSurface({
		service,
		metrics,
		logger,
		tracing,
		options,
	});
	const address = await listen(
		surface.app,
		config.socket === null
			? { host: config.host, port: config.port }
			: { socketPath: config.socket },
	);
	let grpc: GrpcServer | null;
	try {
		grpc = await openGrpc(surface, config, logger);
	} catch (error) {
		await surface.app.close();
		throw error;
	}
	const close = async () => {
		await Promise.all([surface.app.close(), grpc?.close(grpcCloseMs)]);
		await tracing.close();
		metrics[Symbol.dispose]();
		if (config.socket !== null) await rm(config.socket, { force: true });
	};
	return {
		address,
		grpcAddress: grpc === null ? null : `${config.host}:${grpc.port}`,
		close,
	};
}

/** Who named a port wants that one; who didn't can do without. */
async function openGrpc(
	{ context, model }: EncoderSurface,
	{ grpcPort, host, socket }: ServiceConfig,
	logger: Logger,
): Promise<GrpcServer | null> {
	// A service on a Unix socket opens no port that nobody asked for.
	if (grpcPort === "off" || (grpcPort === null && socket !== null)) return null;
	const { startGrpcServer } = await import("../api/kserve/grpc-server.ts");
	try {
		const port = grpcPort ?? usualGrpcPort;
		return await startGrpcServer(context, model, { host, port });
	} catch (error) {
		if (grpcPort !== null) throw error;
		logger.warn(
			{ port: usualGrpcPort },
			`No gRPC: ${toGalleyError(error).message}`,
		);
		return null;
	}
}
