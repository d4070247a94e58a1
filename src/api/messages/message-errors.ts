import { errorKinds, type GalleyError } from "../../core/errors.ts";

/** Anthropic's error body; its clients choose their error class by the HTTP status, and show the type. */
export interface MessageErrorBody {
	type: "error";
	error: { type: string; message: string };
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
		error: { type: toMessageErrorType(error), message: error.message },
		...(requestId === null ? {} : { request_id: requestId }),
	};
}

/** Of a stream: its last event. */
export function toMessageErrorFrame(error: GalleyError): string {
	return `event: error\ndata: ${JSON.stringify(toMessageErrorBody(error, null))}\n\n`;
}

/** Answers on these paths are Anthropic's in all things, also where there is no such route. */
export function isMessagePath(url: string): boolean {
	return /^\/v1\/messages(?=$|[/?])/.test(url);
}
