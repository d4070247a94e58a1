import { createHash } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { GalleyError } from "../../core/errors.ts";
import type { TraceContext } from "../../core/trace-context.ts";
import { longestDeadlineMs } from "./generation-fields.ts";

/** What an HTTP request tells of itself beside its body. */
export interface RequestOrigin {
	/** As in `X-Request-Id`. */
	id: string;
	/** Which API key was sent; empty where none is asked for. */
	keyIdentity: string;
	/** `X-Request-Deadline-Ms` as it was sent. */
	deadline: string | null;
	/** Monotonic milliseconds. */
	receivedAt: number;
	/** The trace that it belongs to. */
	trace?: TraceContext | null;
}

export function toOrigin(request: FastifyRequest): RequestOrigin {
	const deadline = request.headers["x-request-deadline-ms"];
	return {
		id: request.id,
		keyIdentity: request.keyIdentity,
		deadline: deadline === undefined ? null : String(deadline),
		receivedAt: request.record.startedAt,
		trace: request.record.trace.context,
	};
}

/**
 * Whose request it is, for fair shares: the key's identity and the end user that the key's owner names. Names are hashed,
 * as they may be addresses, and long.
 */
export function toTenant(
	{ keyIdentity }: RequestOrigin,
	fields: {
		user?: string | null | undefined;
		safety_identifier?: string | null | undefined;
	},
): string {
	const user = fields.user || fields.safety_identifier || "";
	if (user === "") return keyIdentity;
	const name = createHash("sha256").update(user, "utf8").digest("hex");
	return `${keyIdentity}/${name.slice(0, 16)}`;
}

/**
 * What is left of the deadline: it counts from the request's arrival, and reading and tokenizing a long body takes its part.
 * The body's field wins over the header, which proxies may set for all.
 */
export function toDeadlineMs(
	field: number | null | undefined,
	{ deadline, receivedAt }: RequestOrigin,
	now: number,
): number | null {
	const asked = field ?? (deadline === null ? null : parseHeader(deadline));
	return asked === null ? null : Math.max(1, asked - (now - receivedAt));
}

function parseHeader(text: string): number {
	const value = Number(text);
	if (/^\d{1,9}$/.test(text) && value >= 1 && value <= longestDeadlineMs)
		return value;
	const message = `The header 'X-Request-Deadline-Ms' must be a whole number of milliseconds from 1 to ${longestDeadlineMs}.`;
	throw new GalleyError("invalid_request", message, {
		param: "X-Request-Deadline-Ms",
	});
}
