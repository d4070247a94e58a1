/**
 * The one error base and the one table from error code to HTTP status and OpenAI error type.
 * Messages say what to do next; `param` names the request field at fault.
 */

interface ErrorKind {
	status: number;
	/** OpenAI's `error.type`. */
	type: string;
}

export const errorKinds = {
	invalid_request: { status: 400, type: "invalid_request_error" },
	invalid_json: { status: 400, type: "invalid_request_error" },
	unsupported_parameter: { status: 400, type: "invalid_request_error" },
	context_length_exceeded: { status: 400, type: "invalid_request_error" },
	template_error: { status: 400, type: "invalid_request_error" },
	previous_response_not_found: { status: 400, type: "invalid_request_error" },
	invalid_api_key: { status: 401, type: "authentication_error" },
	permission_denied: { status: 403, type: "permission_error" },
	model_not_found: { status: 404, type: "not_found_error" },
	not_found: { status: 404, type: "not_found_error" },
	method_not_allowed: { status: 405, type: "invalid_request_error" },
	request_timeout: { status: 408, type: "timeout_error" },
	payload_too_large: { status: 413, type: "invalid_request_error" },
	unsupported_media_type: { status: 415, type: "invalid_request_error" },
	conflict: { status: 409, type: "invalid_request_error" },
	rate_limit_exceeded: { status: 429, type: "rate_limit_error" },
	insufficient_quota: { status: 429, type: "insufficient_quota" },
	queue_full: { status: 429, type: "rate_limit_error" },
	deadline_unreachable: { status: 429, type: "rate_limit_error" },
	client_closed: { status: 499, type: "invalid_request_error" },
	internal: { status: 500, type: "server_error" },
	invalid_configuration: { status: 500, type: "server_error" },
	model_unusable: { status: 500, type: "server_error" },
	insufficient_memory: { status: 500, type: "server_error" },
	engine_error: { status: 500, type: "server_error" },
	/** Another server's answer can't be passed on. */
	upstream_error: { status: 502, type: "server_error" },
	download_failed: { status: 502, type: "server_error" },
	insufficient_storage: { status: 507, type: "server_error" },
	engine_crashed: { status: 503, type: "server_error" },
	engine_unavailable: { status: 503, type: "server_error" },
	draining: { status: 503, type: "server_error" },
	deadline_exceeded: { status: 504, type: "timeout_error" },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errorKinds;

export interface GalleyErrorOptions {
	/** The request field at fault, as the client wrote it: `messages[2].role`. */
	param?: string | undefined;
	cause?: unknown;
	/** For 429 and 503: when trying again makes sense, in seconds. */
	retryAfterSeconds?: number | undefined;
	/** More fields of the error body. */
	details?: Readonly<Record<string, unknown>> | undefined;
}

export class GalleyError extends Error {
	override readonly name = "GalleyError";
	readonly code: ErrorCode;
	readonly param: string | null;
	readonly retryAfterSeconds: number | null;
	readonly details: Readonly<Record<string, unknown>>;

	constructor(
		code: ErrorCode,
		message: string,
		options: GalleyErrorOptions = {},
	) {
		super(
			message,
			options.cause === undefined ? undefined : { cause: options.cause },
		);
		this.code = code;
		this.param = options.param ?? null;
		this.retryAfterSeconds = options.retryAfterSeconds ?? null;
		this.details = options.details ?? {};
	}

	get status(): number {
		return errorKinds[this.code].status;
	}
}

/** Any thrown value as a GalleyError; what we did not foresee becomes `internal` and keeps its cause for the log. */
export function toGalleyError(thrown: unknown): GalleyError {
	if (thrown instanceof GalleyError) return thrown;
	return new GalleyError(
		"internal",
		"The server met an error that it did not expect; its log has the cause.",
		{
			cause: thrown,
		},
	);
}
