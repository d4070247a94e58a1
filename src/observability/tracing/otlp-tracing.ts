import { randomUUID } from "node:crypto";
import {
	type Attributes,
	type Span as OtelSpan,
	ROOT_CONTEXT,
	SpanKind,
	SpanStatusCode,
	TraceFlags,
	type Tracer,
	trace,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import {
	BatchSpanProcessor,
	type NodeTracerConfig,
	NodeTracerProvider,
	type ReadableSpan,
	type SpanExporter,
} from "@opentelemetry/sdk-trace-node";
import {
	ATTR_SERVICE_NAME,
	ATTR_SERVICE_VERSION,
} from "@opentelemetry/semantic-conventions";
import type { TraceContext } from "../../core/trace-context.ts";
import type { TracingListener } from "./open-tracing.ts";
import type { Span, SpanAttributes, SpanOptions, Tracing } from "./tracing.ts";
import type { TracingSettings } from "./tracing-settings.ts";

/** Spans that wait to be sent, some hundred bytes each; more are dropped. */
const maxWaitingSpans = 4096;
const maxBatchSpans = 512;
const exportTimeoutMs = 5000;
/** At the end of the process. */
const closeMs = 3000;

const kinds = {
	server: SpanKind.SERVER,
	client: SpanKind.CLIENT,
	internal: SpanKind.INTERNAL,
} as const;

/** Spans, sent in batches by OTLP over HTTP. The provider is this object's own: nothing of OpenTelemetry's globals is touched. */
export class OtlpTracing implements Tracing {
	readonly isOn = true;
	readonly #provider: NodeTracerProvider;
	readonly #tracer: Tracer;

	constructor(
		settings: TracingSettings & { url: string },
		listener: TracingListener,
	) {
		const exporter = new ReportingExporter(
			// Headers, compression and certificates come from OTEL_EXPORTER_OTLP_*, which the exporter reads itself.
			new OTLPTraceExporter({
				url: settings.url,
				timeoutMillis: exportTimeoutMs,
			}),
			listener,
		);
		this.#provider = new NodeTracerProvider({
			resource: new ProcessResource({
				...readResourceAttributes(process.env.OTEL_RESOURCE_ATTRIBUTES),
				[ATTR_SERVICE_NAME]: settings.serviceName,
				[ATTR_SERVICE_VERSION]: settings.serviceVersion,
				"service.instance.id": randomUUID(),
				"process.pid": process.pid,
			}),
			spanProcessors: [
				new BatchSpanProcessor(exporter, {
					maxQueueSize: maxWaitingSpans,
					maxExportBatchSize: maxBatchSpans,
					...(process.env.OTEL_BSP_SCHEDULE_DELAY === undefined
						? { scheduledDelayMillis: 1000 }
						: {}),
					exportTimeoutMillis: exportTimeoutMs,
				}),
			],
		});
		this.#tracer = this.#provider.getTracer("galley", settings.serviceVersion);
	}

	startSpan(name: string, options: SpanOptions): Span {
		const { kind, parent, attributes = {}, startedAt } = options;
		const context =
			parent === null
				? ROOT_CONTEXT
				: trace.setSpanContext(ROOT_CONTEXT, toSpanContext(parent));
		return new OtlpSpan(
			this.#tracer.startSpan(
				name,
				{
					kind: kinds[kind],
					attributes: toAttributes(attributes),
					startTime: toEpochMs(startedAt ?? performance.now()),
				},
				context,
			),
		);
	}

	async close(): Promise<void> {
		let timer: NodeJS.Timeout | undefined;
		const late = new Promise<void>((resolve) => {
			timer = setTimeout(resolve, closeMs);
		});
		// What can't be sent was told by the exporter.
		const sent = this.#provider.shutdown().catch(() => undefined);
		await Promise.race([sent, late]);
		clearTimeout(timer);
	}
}

class OtlpSpan implements Span {
	readonly context: TraceContext;
	readonly #span: OtelSpan;

	constructor(span: OtelSpan) {
		this.#span = span;
		const { traceId, spanId, traceFlags } = span.spanContext();
		const isSampled = (traceFlags & TraceFlags.SAMPLED) !== 0;
		this.context = { traceId, spanId, isSampled };
	}

	rename(name: string): void {
		this.#span.updateName(name);
	}

	set(attributes: SpanAttributes): void {
		this.#span.setAttributes(toAttributes(attributes));
	}

	event(name: string, at?: number): void {
		this.#span.addEvent(name, toEpochMs(at ?? performance.now()));
	}

	fail(code: string): void {
		this.#span.setAttribute("error.type", code);
		this.#span.setStatus({ code: SpanStatusCode.ERROR });
	}

	end(at?: number): void {
		this.#span.end(toEpochMs(at ?? performance.now()));
	}
}

function toSpanContext({ traceId, spanId, isSampled }: TraceContext) {
	return {
		traceId,
		spanId,
		traceFlags: isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
		isRemote: true,
	};
}

function toAttributes(given: SpanAttributes): Attributes {
	const attributes: Attributes = {};
	for (const [name, value] of Object.entries(given))
		if (value !== undefined)
			attributes[name] = typeof value === "object" ? [...value] : value;
	return attributes;
}

/** Monotonic to wall-clock time, so that all spans of a process lie on one line. */
const toEpochMs = (at: number) => performance.timeOrigin + at;

/** Tells when a collector goes away and when it is back, not each batch. */
class ReportingExporter implements SpanExporter {
	readonly #exporter: SpanExporter;
	readonly #listener: TracingListener;
	#isFailing = false;

	constructor(exporter: SpanExporter, listener: TracingListener) {
		this.#exporter = exporter;
		this.#listener = listener;
	}

	export(
		spans: ReadableSpan[],
		done: Parameters<SpanExporter["export"]>[1],
	): void {
		this.#exporter.export(spans, (result) => {
			const hasFailed = result.error !== undefined || result.code !== 0;
			if (hasFailed && !this.#isFailing)
				this.#listener.onProblem(
					result.error ?? new Error("The collector took no spans."),
				);
			this.#isFailing = hasFailed;
			// A batch that was refused is gone: keeping it would only take the place of newer ones.
			done({ code: 0 });
		});
	}

	shutdown(): Promise<void> {
		return this.#exporter.shutdown();
	}

	async forceFlush(): Promise<void> {
		await this.#exporter.forceFlush?.();
	}
}

type Resource = NonNullable<NodeTracerConfig["resource"]>;

/** Who sends: attributes that are known from the start. */
class ProcessResource implements Resource {
	readonly attributes: Attributes;
	readonly asyncAttributesPending = false;

	constructor(attributes: Attributes) {
		this.attributes = attributes;
	}

	merge(other: Resource | null): Resource {
		return new ProcessResource({ ...this.attributes, ...other?.attributes });
	}

	getRawAttributes(): ReturnType<Resource["getRawAttributes"]> {
		return Object.entries(this.attributes);
	}
}

/** `key=value,key=value`, percent-encoded, as OpenTelemetry's variable has it. */
function readResourceAttributes(text = ""): Attributes {
	const attributes: Attributes = {};
	for (const pair of text.split(",")) {
		const [name = "", value] = pair.split("=", 2).map((part) => part.trim());
		if (name === "" || value === undefined) continue;
		try {
			attributes[name] = decodeURIComponent(value);
		} catch {
			// A stray percent sign: it is meant as it stands.
			attributes[name] = value;
		}
	}
	return attributes;
}
