import { GalleyError } from "../core/errors.ts";

/**
 * - `invalid`: not well formed (a syntax error, a rule that is not defined)
 * - `unsupported`: well formed, but nothing here can enforce it
 * - `impossible`: no text at all can satisfy it
 * - `too_large`: it would take more states or time than one request may
 */
export type GrammarErrorReason =
	| "invalid"
	| "unsupported"
	| "impossible"
	| "too_large";

export interface GrammarErrorOptions {
	/** Where in the source: a JSON pointer into a schema, a line of a grammar, a position in a pattern. */
	path?: string | undefined;
	/** The request field at fault. */
	param?: string | undefined;
	cause?: unknown;
}

/** A constraint that cannot be enforced: a 400, never text that was not constrained. */
export class GrammarError extends GalleyError {
	readonly reason: GrammarErrorReason;
	readonly path: string | null;

	constructor(
		reason: GrammarErrorReason,
		message: string,
		{ path, param, cause }: GrammarErrorOptions = {},
	) {
		super("invalid_request", message, { param, cause });
		this.reason = reason;
		this.path = path ?? null;
	}
}
