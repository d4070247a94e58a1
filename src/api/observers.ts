import type { Logger } from "../observability/logger.ts";
import type { ServiceMetrics } from "../observability/service-metrics.ts";

/** What the API needs of metrics and logs. */
export type ApiMetrics = Pick<
	ServiceMetrics,
	"contentType" | "render" | "observeRequest" | "requestRejected"
>;

export type ApiLogger = Pick<Logger, "debug" | "info" | "error">;

/** One finished HTTP request, for metrics and the log. Never holds text of a prompt or a completion. */
export interface RequestEntry {
	requestId: string;
	/** Null where the request belongs to no trace. */
	traceId: string | null;
	method: string;
	/** The route's pattern, e.g. `/v1/models/*`; `unknown` where none matched, so that labels stay few. */
	route: string;
	/** 499 when the client went away before its answer was complete. */
	status: number;
	durationSeconds: number;
	/** The model asked for, once it is known to exist. */
	model: string | null;
	promptTokens: number;
	completionTokens: number;
	/** The code of the error that ended it; set for streams too, whose status is already 200. */
	errorCode: string | null;
	/** The request field at fault. */
	param: string | null;
}
