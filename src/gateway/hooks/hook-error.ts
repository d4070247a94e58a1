import { GalleyError } from "../../core/errors.ts";
import type { Refusal } from "./gateway-hook.ts";

/** A hook said no: the status is the hook's own. */
export class RefusedByHook extends GalleyError {
	readonly #status: number;

	constructor(hook: string, { message, status = 400 }: Refusal) {
		super(codeOf(status), message);
		this.#status =
			Number.isInteger(status) && status >= 400 && status <= 599 ? status : 400;
		this.hook = hook;
	}

	readonly hook: string;

	override get status(): number {
		return this.#status;
	}
}

/** The code tells the kind of error; clients map it to their exceptions. */
function codeOf(status: number): ConstructorParameters<typeof GalleyError>[0] {
	if (status === 401) return "invalid_api_key";
	if (status === 403) return "permission_denied";
	if (status === 404) return "not_found";
	if (status === 413) return "payload_too_large";
	if (status === 429) return "rate_limit_exceeded";
	return status >= 500 ? "engine_unavailable" : "invalid_request";
}

/** Fail closed: what a hook did not see goes nowhere. The cause is for the log, the client hears which hook it is. */
export function hookFailure(hook: string, cause: unknown): GalleyError {
	return new GalleyError(
		"internal",
		`The gateway's hook '${hook}' failed, and nothing passes without it; the gateway's log has the cause.`,
		{ cause },
	);
}

export function hookTimeout(hook: string, timeoutMs: number): GalleyError {
	return new GalleyError(
		"engine_unavailable",
		`The gateway's hook '${hook}' did not answer within ${timeoutMs} ms, and nothing passes without it. Try again.`,
		{ retryAfterSeconds: 1 },
	);
}
