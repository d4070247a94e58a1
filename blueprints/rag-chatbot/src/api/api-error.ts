import { isAway, ServiceError } from "../services/endpoint.ts";

/** What a caller did wrong, or may not do. */
export class ApiError extends Error {
	override readonly name = "ApiError";
	readonly code: string;
	readonly param: string | null;

	constructor(code: string, message: string, param: string | null = null) {
		super(message);
		this.code = code;
		this.param = param;
	}
}

export interface ErrorBody {
	error: { message: string; type: string; param: string | null; code: string };
}

interface Kind {
	status: number;
	type: string;
}

const kinds: Readonly<Record<string, Kind>> = {
	invalid_request: { status: 400, type: "invalid_request_error" },
	unsupported_parameter: { status: 400, type: "invalid_request_error" },
	invalid_api_key: { status: 401, type: "authentication_error" },
	permission_denied: { status: 403, type: "permission_error" },
	not_found: { status: 404, type: "not_found_error" },
	payload_too_large: { status: 413, type: "invalid_request_error" },
	unsupported_media_type: { status: 415, type: "invalid_request_error" },
	client_closed: { status: 499, type: "invalid_request_error" },
	internal: { status: 500, type: "server_error" },
	service_error: { status: 502, type: "server_error" },
	service_unavailable: { status: 503, type: "server_error" },
	draining: { status: 503, type: "server_error" },
};

/** The one place that turns what was thrown into an answer. */
export function renderError(thrown: unknown): {
	status: number;
	body: ErrorBody;
} {
	const { code, message, param } = describe(thrown);
	const { status, type } = kinds[code] ?? (kinds.internal as Kind);
	return { status, body: { error: { message, type, param, code } } };
}

function describe(thrown: unknown): {
	code: string;
	message: string;
	param: string | null;
} {
	if (thrown instanceof ServiceError)
		return {
			code: isAway(thrown) ? "service_unavailable" : "service_error",
			message: thrown.message,
			param: null,
		};
	const error = thrown as {
		code?: unknown;
		message?: unknown;
		param?: unknown;
		statusCode?: unknown;
	};
	const param = typeof error?.param === "string" ? error.param : null;
	const message = String(error?.message ?? thrown);
	// Errors of the store carry the same codes.
	if (typeof error?.code === "string" && error.code in kinds)
		return { code: error.code, message, param };
	// A name that is taken, as PostgreSQL says it (SQLSTATE unique_violation).
	if (error?.code === "23505")
		return {
			code: "invalid_request",
			message: "There is one of that name already. Choose another name.",
			param: "name",
		};
	const status = error?.statusCode;
	if (status === 413) return { code: "payload_too_large", message, param };
	if (status === 415) return { code: "unsupported_media_type", message, param };
	if (typeof status === "number" && status >= 400 && status < 500)
		return { code: "invalid_request", message, param };
	// What went wrong inside is for the log.
	return {
		code: "internal",
		message: "Something went wrong in this server; its log says what.",
		param: null,
	};
}
