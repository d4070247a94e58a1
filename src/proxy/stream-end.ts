import { toErrorBody } from "../core/error-body.ts";
import { errorKinds, type GalleyError } from "../core/errors.ts";

/** How the streams of the known APIs say that they are whole. */
const lastEvents = [
	"data: [DONE]",
	'"type":"message_stop"',
	"event: message_stop",
	"event: response.completed",
	"event: response.incomplete",
	"event: response.failed",
	"event: error",
	'data: {"error"',
];

/** Whether a stream has said all, by its last piece. */
export function endsWhole(piece: Buffer): boolean {
	return lastEvents.some((event) => piece.includes(event));
}

/** The last event of a stream that broke off, in the words of the API that the path belongs to. */
export function streamErrorFrame(path: string, error: GalleyError): string {
	const { message, code } = error;
	if (path.startsWith("/v1/messages"))
		return frame("error", {
			type: "error",
			error: { type: "api_error", message },
		});
	if (path.startsWith("/v1/responses"))
		return frame("error", { type: "error", code, message, param: null });
	return `data: ${JSON.stringify(toErrorBody(error))}\n\n`;
}

function frame(event: string, data: object): string {
	return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

const anthropicTypes: Readonly<Record<number, string>> = {
	401: "authentication_error",
	403: "permission_error",
	404: "not_found_error",
	413: "request_too_large",
	429: "rate_limit_error",
	503: "overloaded_error",
	504: "timeout_error",
};

/** The body of an error that is the whole answer, in the words of the API that the path belongs to. */
export function errorBodyFor(path: string, error: GalleyError): unknown {
	if (!path.startsWith("/v1/messages")) return toErrorBody(error);
	const { status } = errorKinds[error.code];
	const type =
		anthropicTypes[status] ??
		(status < 500 ? "invalid_request_error" : "api_error");
	return { type: "error", error: { type, message: error.message } };
}
