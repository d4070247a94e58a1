import { resolve } from "node:path";
import type { ErrorCode } from "../core/errors.ts";
import type { Logger } from "../observability/logger.ts";
import { openTracing } from "../observability/tracing/open-tracing.ts";
import type { Tracing } from "../observability/tracing/tracing.ts";
import { readTracingSettings } from "../observability/tracing/tracing-settings.ts";
import type { Authenticator } from "./access/principal.ts";
import { CaptureFiles } from "./capture/capture-files.ts";
import { CapturePolicy } from "./capture/capture-policy.ts";
import type { Fleet } from "./fleet/fleet-file.ts";
import type { FleetStatus } from "./fleet/fleet-status.ts";
import { HookAuthenticator } from "./hooks/hook-authenticator.ts";
import { HookPolicy } from "./hooks/hook-policy.ts";
import { loadHooks } from "./hooks/load-hooks.ts";
import type { OwnRoute } from "./http/own-route.ts";
import { GatewayMetrics } from "./metrics/gateway-metrics.ts";
import { metricsRoutes } from "./metrics/metrics-routes.ts";
import type { RequestPolicy } from "./policy/model-call.ts";
import type { ReplicaSet } from "./replicas/replica-set.ts";
import { CallLog } from "./tracing/call-log.ts";
import { TracePolicy } from "./tracing/trace-policy.ts";

export interface ObservationParts {
	settings: Pick<Fleet["gateway"], "hooks" | "capture" | "tracing">;
	/** Of the fleet file: hooks are named relative to it. */
	directory: string;
	/** Where captured payloads go unless the file says otherwise. */
	captureDirectory: string;
	environment: Readonly<Record<string, string | undefined>>;
	version: string;
	services: ReadonlyMap<string, ReplicaSet>;
	isKnownModel(model: string): boolean;
	status(): FleetStatus;
	logger: Pick<Logger, "info" | "warn" | "error"> &
		Partial<Pick<Logger, "debug" | "isEnabled">>;
}

/** What watches the gateway's requests, and what may change them: traces, metrics, hooks, capture. */
export interface Observation {
	/** Before all other policies: whatever those refuse is seen. */
	first: readonly RequestPolicy[];
	/** After all other policies: what was refused before costs no hook anything. */
	last: readonly RequestPolicy[];
	routes: readonly OwnRoute[];
	/** With the hooks that tell who somebody is asked first. */
	withHooks(keys: Authenticator): Authenticator;
	/** The gateway answered with an error of its own. */
	refused(code: ErrorCode): void;
	close(): Promise<void>;
}

/** Throws `invalid_configuration` when a hook can't be loaded. */
export async function openObservation(
	parts: ObservationParts,
): Promise<Observation> {
	const { settings, logger, services, version } = parts;
	const { hooks, authenticators } = await loadHooks(
		settings.hooks,
		parts.directory,
		logger,
	);
	const tracing = await openGatewayTracing(parts);
	const metrics = new GatewayMetrics({
		version,
		isKnown: parts.isKnownModel,
		status: parts.status,
	});
	const captured = openCapture(parts);
	return {
		first: [
			...(tracing.isOn ? [new TracePolicy(tracing)] : []),
			metrics,
			new CallLog({
				debug: () => undefined,
				isEnabled: () => true,
				...logger,
			}),
		],
		last: [
			...(hooks.length === 0 ? [] : [new HookPolicy(hooks)]),
			...(captured === null ? [] : [captured.policy]),
		],
		routes: metricsRoutes({ metrics, services }),
		withHooks: (keys) =>
			authenticators.length === 0
				? keys
				: new HookAuthenticator(authenticators, keys, logger),
		refused: (code) => metrics.refused(code),
		close: async () => {
			await captured?.files.close();
			await tracing.close();
			metrics[Symbol.dispose]();
		},
	};
}

function openGatewayTracing({
	settings: { tracing },
	environment,
	version,
	logger,
}: ObservationParts): Promise<Tracing> {
	const given = readTracingSettings(environment, {
		serviceName: "galley-gateway",
		serviceVersion: version,
	});
	return openTracing(
		{
			...given,
			endpoint: tracing?.endpoint ?? given.endpoint,
			serviceName: tracing?.serviceName ?? given.serviceName,
		},
		{
			onProblem: (error) =>
				logger.warn({ error }, "Traces can't be sent; requests go on without."),
		},
	);
}

function openCapture({
	settings: { capture },
	directory,
	captureDirectory,
	logger,
}: ObservationParts): { policy: CapturePolicy; files: CaptureFiles } | null {
	if (capture === null) return null;
	const { maxFileBytes, maxFiles } = capture;
	const path =
		capture.directory === undefined
			? captureDirectory
			: resolve(directory, capture.directory);
	const files = new CaptureFiles({
		directory: path,
		maxFileBytes,
		maxFiles,
		onProblem: (error) =>
			logger.warn({ error, path }, "A captured request can't be written."),
	});
	logger.warn(
		{ path },
		`Payload capture is on: what ${Math.round(capture.sampling * 100)} % of the requests ask and are answered is written to ${path}.`,
	);
	return { policy: new CapturePolicy(capture, files), files };
}

/** Where a fleet's services send their spans: where the gateway sends its own. */
export function tracingEnvironment({
	tracing,
}: Pick<Fleet["gateway"], "tracing">): Record<string, string> {
	return tracing?.endpoint === undefined
		? {}
		: {
				GALLEY_OTLP_ENDPOINT: tracing.endpoint,
				OTEL_EXPORTER_OTLP_ENDPOINT: tracing.endpoint,
			};
}
