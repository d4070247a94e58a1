import type { IncomingMessage, ServerResponse } from "node:http";
import type { Dispatcher } from "undici";

/** Sees an answer pass by; what it is handed is not to be kept or changed. */
export interface AnswerObserver {
	head(
		status: number,
		headers: Readonly<Record<string, string | string[] | undefined>>,
	): void;
	data(piece: Buffer): void;
	/** The answer is whole; with the headers that came behind it, if any. */
	end(trailers: Readonly<Record<string, string | string[] | undefined>>): void;
}

/** One request on its way to one place. */
export interface Forwarded {
	request: IncomingMessage;
	response: ServerResponse;
	body: Buffer | null;
	dispatcher: Dispatcher;
	origin: string;
	/** Path and query there. */
	path: string;
	/** Set beside or instead of the client's, such as the upstream's own key; empty takes the client's away. */
	headers: Readonly<Record<string, string>>;
	/** Hears of an answer only when it goes to the client. */
	observer?: AnswerObserver;
}

/**
 * How it went. `unsent`: the place could not be reached or said that it takes nothing, and the client has heard nothing, so
 * another place may be tried.
 */
export type ForwardOutcome =
	| { kind: "answered"; status: number }
	| { kind: "unsent"; reason: string; retryAfterSeconds: number | null }
	/** The client left. */
	| { kind: "left" }
	/** The answer broke off; the client's connection was closed so that it can tell. */
	| { kind: "broken"; reason: string };

/** Belong to one connection (RFC 9110, 7.6.1), or are set anew for the next one. */
const ownToConnection = new Set([
	"connection",
	"keep-alive",
	"proxy-connection",
	"proxy-authenticate",
	"proxy-authorization",
	"te",
	"trailer",
	"transfer-encoding",
	"upgrade",
	"host",
	"content-length",
	"expect",
]);

/**
 * Sends a request on and its answer back, piece by piece as it comes: a stream is never gathered. When the client leaves
 * the other side hears of it; when the client reads slowly the other side is made to wait.
 */
export function forward({
	request,
	response,
	body,
	dispatcher,
	origin,
	path,
	headers,
	observer,
}: Forwarded): Promise<ForwardOutcome> {
	return new Promise((resolve) => {
		let controller: Dispatcher.DispatchController | null = null;
		let status = 0;
		let retryAfterSeconds: number | null = null;
		let hasLeft = false;
		const leave = () => {
			if (response.writableFinished) return;
			hasLeft = true;
			controller?.abort(new Error("The client has left."));
		};
		response.once("close", leave);
		const end = (outcome: ForwardOutcome) => {
			response.off("close", leave);
			resolve(outcome);
		};
		dispatcher.dispatch(
			{
				origin,
				path,
				method: (request.method ?? "GET") as Dispatcher.HttpMethod,
				headers: withoutEmpty({ ...passedHeaders(request), ...headers }),
				body,
				// Reading a long prompt may take minutes, and so may the pause between two tokens.
				headersTimeout: 0,
				bodyTimeout: 0,
			},
			{
				onRequestStart(given) {
					controller = given;
					if (hasLeft) given.abort(new Error("The client has left."));
				},
				onResponseStart(_, statusCode, answered) {
					if (statusCode < 200) return;
					status = statusCode;
					if (isRefusal(statusCode)) {
						const after = Number(answered["retry-after"]);
						retryAfterSeconds = Number.isFinite(after) ? after : null;
						return;
					}
					observer?.head(statusCode, answered);
					response.writeHead(statusCode, answeredHeaders(answered));
					// The first token may be far away; who waits wants to know that it is on its way.
					response.flushHeaders();
				},
				onResponseData(given, piece) {
					if (isRefusal(status)) return;
					observer?.data(piece);
					if (response.write(piece)) return;
					given.pause();
					response.once("drain", () => given.resume());
				},
				onResponseEnd(_, trailers) {
					if (isRefusal(status))
						return end({
							kind: "unsent",
							reason: `it answered ${status}`,
							retryAfterSeconds,
						});
					observer?.end(trailers);
					response.end();
					end({ kind: "answered", status });
				},
				onResponseError(_, error) {
					if (hasLeft) return end({ kind: "left" });
					if (!response.headersSent)
						return end({
							kind: "unsent",
							reason: error.message,
							retryAfterSeconds: null,
						});
					response.destroy();
					end({ kind: "broken", reason: error.message });
				},
			},
		);
	});
}

/** Starting, draining, or a proxy that finds nobody: nothing was computed. */
function isRefusal(status: number): boolean {
	return status === 502 || status === 503;
}

function withoutEmpty(headers: Record<string, string>): Record<string, string> {
	return Object.fromEntries(
		Object.entries(headers).filter(([, value]) => value !== ""),
	);
}

function passedHeaders(request: IncomingMessage): Record<string, string> {
	const passed: Record<string, string> = {};
	const named = (request.headers.connection ?? "").toLowerCase();
	for (const [name, value] of Object.entries(request.headers)) {
		if (value === undefined || ownToConnection.has(name)) continue;
		if (named !== "" && named.split(/\s*,\s*/).includes(name)) continue;
		passed[name] = Array.isArray(value) ? value.join(", ") : value;
	}
	return passed;
}

function answeredHeaders(
	headers: Record<string, string | string[] | undefined>,
): Record<string, string | string[]> {
	const passed: Record<string, string | string[]> = {};
	for (const [name, value] of Object.entries(headers)) {
		// The length of an answer that is passed on whole stays true.
		const isOwn = ownToConnection.has(name) && name !== "content-length";
		if (value !== undefined && !isOwn) passed[name] = value;
	}
	return passed;
}
