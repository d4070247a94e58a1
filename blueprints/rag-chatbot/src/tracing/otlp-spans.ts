import {
	type Attributes,
	ROOT_CONTEXT,
	SpanKind,
	SpanStatusCode,
	type Tracer,
	trace,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import {
	BatchSpanProcessor,
	NodeTracerProvider,
} from "@opentelemetry/sdk-trace-node";
import type { Span, SpanSource, SpanStart } from "./tracing.ts";

const kinds = {
	server: SpanKind.SERVER,
	client: SpanKind.CLIENT,
	internal: SpanKind.INTERNAL,
} as const;
const exportTimeoutMs = 5000;
const closeMs = 3000;

/** Spans, sent in batches by OTLP over HTTP. A collector that is away costs traces, never answers. */
export class OtlpSpans implements SpanSource {
	readonly #provider: NodeTracerProvider;
	readonly #tracer: Tracer;

	constructor(url: string, serviceName: string) {
		this.#provider = new NodeTracerProvider({
			resource: new ServiceResource({ "service.name": serviceName }),
			spanProcessors: [
				new BatchSpanProcessor(
					new OTLPTraceExporter({ url, timeoutMillis: exportTimeoutMs }),
					{ scheduledDelayMillis: 1000, exportTimeoutMillis: exportTimeoutMs },
				),
			],
		});
		this.#tracer = this.#provider.getTracer("rag-chatbot");
	}

	start(
		name: string,
		{ kind, parent, startedAt, attributes }: SpanStart,
	): Span {
		const [, traceId, spanId, flags] = parent?.split("-") ?? [];
		const context =
			traceId === undefined || spanId === undefined
				? ROOT_CONTEXT
				: trace.setSpanContext(ROOT_CONTEXT, {
						traceId,
						spanId,
						traceFlags: Number.parseInt(flags ?? "0", 16) & 1,
						isRemote: true,
					});
		const span = this.#tracer.startSpan(
			name,
			{
				kind: kinds[kind],
				startTime: toTime(startedAt ?? performance.now()),
				...(attributes === undefined ? {} : { attributes }),
			},
			context,
		);
		const own = span.spanContext();
		const sampled = own.traceFlags & 1 ? "01" : "00";
		return {
			traceId: own.traceId,
			traceparent: `00-${own.traceId}-${own.spanId}-${sampled}`,
			set: (more) => void span.setAttributes(more),
			fail(code) {
				span.setAttribute("error.type", code);
				span.setStatus({ code: SpanStatusCode.ERROR });
			},
			end: (at) => span.end(toTime(at ?? performance.now())),
		};
	}

	async close(): Promise<void> {
		let timer: NodeJS.Timeout | undefined;
		const late = new Promise<void>((resolve) => {
			timer = setTimeout(resolve, closeMs);
		});
		// What could not be sent is lost, and no reason to stop badly.
		await Promise.race([
			this.#provider.shutdown().catch(() => undefined),
			late,
		]);
		clearTimeout(timer);
	}
}

const toTime = (at: number) => performance.timeOrigin + at;

type Resource = NonNullable<
	NonNullable<ConstructorParameters<typeof NodeTracerProvider>[0]>["resource"]
>;

class ServiceResource implements Resource {
	readonly attributes: Attributes;

	constructor(attributes: Attributes) {
		this.attributes = attributes;
	}

	merge(other: Resource | null): Resource {
		return new ServiceResource({ ...this.attributes, ...other?.attributes });
	}

	getRawAttributes(): ReturnType<Resource["getRawAttributes"]> {
		return Object.entries(this.attributes);
	}
}
