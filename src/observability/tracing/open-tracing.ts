import { noTracing, type Tracing } from "./tracing.ts";
import { type TracingSettings, tracesUrl } from "./tracing-settings.ts";

export interface TracingListener {
	/** Once when spans can't be sent, and again only after some could. */
	onProblem(error: Error): void;
}

/** Nothing of OpenTelemetry is loaded unless spans have somewhere to go: it would cost each start 60 ms. */
export async function openTracing(
	settings: TracingSettings,
	listener: TracingListener,
): Promise<Tracing> {
	const url = tracesUrl(settings);
	if (url === null) return noTracing;
	const { OtlpTracing } = await import("./otlp-tracing.ts");
	return new OtlpTracing({ ...settings, url }, listener);
}
