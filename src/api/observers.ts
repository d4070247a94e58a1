/** What the API needs of metrics and logs. */

/** One finished HTTP request. Never holds text of a prompt or a completion. */
export interface RequestEntry {
	requestId: string;
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
}

export interface ApiMetrics {
	/** Media type of what `render` returns. */
	readonly contentType: string;
	/** All metrics in Prometheus' text format. */
	render(): Promise<string>;
	observeRequest(entry: RequestEntry): void;
}

/** Pino's calling order. */
export interface ApiLogger {
	debug(fields: object, message: string): void;
	info(fields: object, message: string): void;
	warn(fields: object, message: string): void;
	error(fields: object, message: string): void;
}
