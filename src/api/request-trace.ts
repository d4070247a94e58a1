import type { FastifyRequest } from "fastify";
import { parseTraceparent, type TraceContext } from "../core/trace-context.ts";
import {
	traceAttributes as names,
	operationOf,
} from "../observability/tracing/trace-attributes.ts";
import type { Span, Tracing } from "../observability/tracing/tracing.ts";
import type { RequestEntry } from "./observers.ts";

/** A request's place in a trace: the caller's, and with tracing on a span of ours in it. */
export interface RequestTrace {
	/** What the work for this request belongs to; null without any trace. */
	readonly context: TraceContext | null;
	readonly span: Span | null;
}

const noTrace: RequestTrace = Object.freeze({ context: null, span: null });

/** Inference is traced; probes, scrapes and lists are not. */
export function beginTrace(
	request: FastifyRequest,
	tracing: Tracing,
	startedAt: number,
): RequestTrace {
	const parent = parseTraceparent(request.headers.traceparent);
	if (!tracing.isOn)
		return parent === null ? noTrace : { context: parent, span: null };
	const [path = ""] = request.url.split("?", 1);
	const operation = operationOf(path);
	if (operation === null) return { context: parent, span: null };
	const span = tracing.startSpan(operation, {
		kind: "server",
		parent,
		startedAt,
		attributes: {
			[names.operation]: operation,
			[names.provider]: "galley",
			[names.httpMethod]: request.method,
			[names.requestId]: request.id,
		},
	});
	return { context: span.context, span };
}

export function endTrace({ span }: RequestTrace, entry: RequestEntry): void {
	if (span === null) return;
	const { model, promptTokens, completionTokens, status, errorCode } = entry;
	if (model !== null)
		span.rename(`${operationOf(entry.route) ?? entry.route} ${model}`);
	span.set({
		[names.httpRoute]: entry.route,
		[names.httpStatus]: status,
		[names.requestModel]: model ?? undefined,
		[names.responseModel]: model ?? undefined,
		[names.inputTokens]: promptTokens > 0 ? promptTokens : undefined,
		[names.outputTokens]: completionTokens > 0 ? completionTokens : undefined,
	});
	if (errorCode !== null) span.fail(errorCode);
	else if (status >= 400) span.fail(String(status));
	span.end();
}
