import { Tracing } from "./tracing.ts";

/** OpenTelemetry's own variables; its packages are loaded only when there is a collector to send to. */
export async function openTracing(
	environment: Readonly<Record<string, string | undefined>>,
): Promise<Tracing> {
	const {
		OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
		OTEL_SERVICE_NAME: name = "rag-chatbot",
		OTEL_SDK_DISABLED: disabled,
	} = environment;
	if (endpoint === undefined || endpoint.trim() === "" || disabled === "true")
		return new Tracing(null);
	const { OtlpSpans } = await import("./otlp-spans.ts");
	return new Tracing(
		new OtlpSpans(`${endpoint.replace(/\/+$/, "")}/v1/traces`, name),
	);
}
