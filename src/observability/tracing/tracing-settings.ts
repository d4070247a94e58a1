export interface TracingSettings {
	/** An OTLP/HTTP endpoint without `/v1/traces`, such as `http://127.0.0.1:4318`; null where none was named. */
	endpoint: string | null;
	/** Null where nobody said: the endpoint decides. */
	isEnabled: boolean | null;
	/** OpenTelemetry's `service.name`. */
	serviceName: string;
	serviceVersion: string;
}

/** Where a collector on this machine listens. */
const usualEndpoint = "http://localhost:4318";

/** Where spans are sent; null for nowhere. */
export function tracesUrl({
	endpoint,
	isEnabled,
}: Pick<TracingSettings, "endpoint" | "isEnabled">): string | null {
	if (isEnabled === false || (isEnabled === null && endpoint === null))
		return null;
	const base = (endpoint ?? usualEndpoint).replace(/\/+$/, "");
	return base.endsWith("/v1/traces") ? base : `${base}/v1/traces`;
}

type Environment = Readonly<Record<string, string | undefined>>;

const first = (environment: Environment, names: readonly string[]) => {
	for (const name of names) {
		const value = environment[name]?.trim();
		if (value !== undefined && value !== "") return value;
	}
	return null;
};

export const endpointVariables = [
	"GALLEY_OTLP_ENDPOINT",
	"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
	"OTEL_EXPORTER_OTLP_ENDPOINT",
	"NIM_OTEL_EXPORTER_OTLP_ENDPOINT",
] as const;
export const nameVariables = [
	"GALLEY_OTEL_SERVICE_NAME",
	"OTEL_SERVICE_NAME",
	"NIM_OTEL_SERVICE_NAME",
] as const;
export const enableVariables = [
	"GALLEY_ENABLE_OTEL",
	"NIM_ENABLE_OTEL",
] as const;

/** For programs without the options of a service: the same variables, in the same order. */
export function readTracingSettings(
	environment: Environment,
	{
		serviceName,
		serviceVersion,
	}: { serviceName: string; serviceVersion: string },
): TracingSettings {
	const enabled = first(environment, enableVariables);
	const isDisabled = /^true$/i.test(environment.OTEL_SDK_DISABLED ?? "");
	return {
		endpoint: first(environment, endpointVariables),
		isEnabled: isDisabled
			? false
			: enabled === null
				? null
				: /^(1|true|yes|on)$/i.test(enabled),
		serviceName: first(environment, nameVariables) ?? serviceName,
		serviceVersion,
	};
}
