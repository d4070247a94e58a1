import { errorKinds, type GalleyError } from "../../core/errors.ts";

/** Anthropic's error body; its clients choose their error class by the HTTP status, and show the type. */
export interface MessageErrorBody {
	type: "error";
	error: { type: string; message: string; details?: object };
	request_id?: string;
}

const typesByStatus: Readonly<Record<number, string>> = {
	401: "authentication_error",
	403: "permission_error",
	404: "not_found_error",
	408: "timeout_error",
	413: "request_too_large",
	429: "rate_limit_error",
	503: "overloaded_error",
	504: "timeout_error",
};

/** By which Anthropic's client knows that it has to send whole conversations, and does so at once. */
const noThreads = Object.freeze({
	error_code: "thread_unsupported_request",
	unsupported: Object.freeze(["thread"]),
});

export function toMessageErrorType({ code }: GalleyError): string {
	// A crash is no overload, though it has the same status.
	if (code === "engine_crashed") return "api_error";
	const { status } = errorKinds[code];
	return (
		typesByStatus[status] ??
		(status < 500 ? "invalid_request_error" : "api_error")
	);
}

export function toMessageErrorBody(
	error: GalleyError,
	requestId: string | null,
): MessageErrorBody {
	return {
		type: "error",
		error: {
			type: toMessageErrorType(error),
			message: withDottedPaths(nameField(error)),
			...(error.param === "thread" ? { details: noThreads } : {}),
		},
		...(requestId === null ? {} : { request_id: requestId }),
	};
}

/** The body has no place of its own for the field at fault: what no message names is named before it. */
function nameField({ message, param, status }: GalleyError): string {
	return param === null || status !== 400 || message.includes(`'${param}`)
		? message
		: `'${param}': ${message}`;
}

/** `tools[0].input_schema` as Anthropic writes it: `tools.0.input_schema`. */
function withDottedPaths(message: string): string {
	return message.replaceAll(/'[a-z_][\w.]*\[[\w.[\]]*'/g, (path) =>
		path.replaceAll(/\[(\d+)\]/g, ".$1"),
	);
}

/** Of a stream: its last event. */
export function toMessageErrorFrame(error: GalleyError): string {
	return `event: error\ndata: ${JSON.stringify(toMessageErrorBody(error, null))}\n\n`;
}

/** Answers on these paths are Anthropic's in all things, also where there is no such route. */
export function isMessagePath(url: string): boolean {
	return /^\/v1\/messages(?=$|[/?])/.test(url);
}
