import type { ServiceConfig } from "../config/service-config.ts";
import type { Logger } from "../observability/logger.ts";
import { openTracing } from "../observability/tracing/open-tracing.ts";
import type { Tracing } from "../observability/tracing/tracing.ts";
import { packageVersion } from "./package-version.ts";

/** What a service traces: nothing, unless its options say where to. */
export function openServiceTracing(
	name: string,
	config: Pick<
		ServiceConfig,
		"otlpEndpoint" | "otelServiceName" | "enableOtel"
	>,
	logger: Pick<Logger, "warn">,
): Promise<Tracing> {
	return openTracing(
		{
			endpoint: config.otlpEndpoint,
			isEnabled: config.enableOtel,
			serviceName: config.otelServiceName ?? name,
			serviceVersion: packageVersion(),
		},
		{
			onProblem: (error) =>
				logger.warn({ error }, "Traces can't be sent; requests go on without."),
		},
	);
}
