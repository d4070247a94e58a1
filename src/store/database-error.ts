import { GalleyError } from "../core/errors.ts";

/** SQLSTATE of https://www.postgresql.org/docs/current/errcodes-appendix.html, which both drivers put on what they throw. */
export function sqlStateOf(thrown: unknown): string | null {
	if (typeof thrown !== "object" || thrown === null) return null;
	const { code } = thrown as { code?: unknown };
	return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : null;
}

export const sqlStates = {
	uniqueViolation: "23505",
	foreignKeyViolation: "23503",
	queryCancelled: "57014",
} as const;

export function databaseClosed(): GalleyError {
	return new GalleyError(
		"draining",
		"The database is closed; this process is shutting down. Try again in a moment.",
	);
}

export function abortReason(signal: AbortSignal): GalleyError {
	if (signal.reason instanceof GalleyError) return signal.reason;
	return new GalleyError(
		"client_closed",
		"The request was cancelled before the database got to it.",
		{ cause: signal.reason },
	);
}
