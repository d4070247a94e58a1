import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { GalleyError } from "../core/errors.ts";
import { noTracing, type Tracing } from "../observability/tracing/tracing.ts";
import type { ApiLogger, ApiMetrics, RequestEntry } from "./observers.ts";
import { beginTrace, endTrace, type RequestTrace } from "./request-trace.ts";

declare module "fastify" {
	interface FastifyRequest {
		record: RequestRecord;
	}
}

/** What is known of a request by the time it ends; routes fill it in. */
interface RequestRecord {
	readonly startedAt: number;
	readonly trace: RequestTrace;
	model: string | null;
	promptTokens: number;
	completionTokens: number;
	error: GalleyError | null;
}

export interface RequestObservers {
	metrics: ApiMetrics;
	logger: ApiLogger;
	/** A line for each request; failures of ours are logged in any case. */
	logsRequests: boolean;
	tracing?: Tracing | undefined;
}

/** Probes, scrapes, and pages that show what runs, ask every few seconds and would bury everything else. */
const quietRoute = /^\/(v1\/)?(health|metrics|requests$)/;

/** Each request, however it ends, gives exactly one log line and one metrics entry. */
export function registerRequestRecords(
	app: FastifyInstance,
	observers: RequestObservers,
): void {
	app.decorateRequest("record");
	app.addHook("onRequest", (request, reply, done) => {
		beginRecord(request, reply, observers);
		done();
	});
}

export function beginRecord(
	request: FastifyRequest,
	reply: FastifyReply,
	observers: RequestObservers,
): void {
	const startedAt = performance.now();
	request.record = {
		startedAt,
		trace: beginTrace(request, observers.tracing ?? noTracing, startedAt),
		model: null,
		promptTokens: 0,
		completionTokens: 0,
		error: null,
	};
	let isClosed = false;
	const close = (status: number) => {
		if (isClosed) return;
		isClosed = true;
		report(request, status, observers);
	};
	// "finish" says that the answer is complete; "close" without it, that the client went away first.
	reply.raw.once("finish", () => close(reply.raw.statusCode));
	reply.raw.once("close", () => close(499));
	reply.header("x-request-id", request.id);
}

function report(
	request: FastifyRequest,
	status: number,
	{ metrics, logger, logsRequests }: RequestObservers,
): void {
	const { record } = request;
	const entry: RequestEntry = {
		requestId: request.id,
		traceId: record.trace.context?.traceId ?? null,
		method: request.method,
		route: (request.is404 ? undefined : request.routeOptions.url) ?? "unknown",
		status,
		// Whole microseconds: more digits would only be noise in the log.
		durationSeconds:
			Math.round((performance.now() - record.startedAt) * 1000) / 1_000_000,
		model: record.model,
		promptTokens: record.promptTokens,
		completionTokens: record.completionTokens,
		param: record.error?.param ?? null,
		errorCode: record.error?.code ?? (status === 499 ? "client_closed" : null),
	};
	metrics.observeRequest(entry);
	endTrace(record.trace, entry);
	if (record.error !== null && record.error.status >= 500) {
		logger.error({ ...entry, error: record.error }, "request failed");
	} else if (!logsRequests || quietRoute.test(entry.route)) {
		logger.debug(entry, "request");
	} else {
		logger.info(entry, "request");
	}
}
