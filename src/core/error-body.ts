import { errorKinds, type GalleyError } from "./errors.ts";

/** OpenAI's error body; the only one that OpenAI's routes and Galley's own answers use. */
export interface ErrorBody {
	error: { message: string; type: string; param: string | null; code: string };
}

export function toErrorBody(error: GalleyError): ErrorBody {
	return {
		error: {
			message: error.message,
			type: errorKinds[error.code].type,
			param: error.param,
			code: error.code,
			...error.details,
		},
	};
}

/** Retry-After counts whole seconds, and 0 would invite a storm. */
export function retryAfterHeader(error: GalleyError): Record<string, string> {
	if (error.retryAfterSeconds === null) return {};
	return {
		"retry-after": String(Math.max(1, Math.ceil(error.retryAfterSeconds))),
	};
}
