import { GalleyError, type GalleyErrorOptions } from "../../core/errors.ts";

/** A refusal that tells more in headers, as rate limits do. */
export class PolicyRefusal extends GalleyError {
	readonly headers: Readonly<Record<string, string>>;

	constructor(
		code: "rate_limit_exceeded" | "insufficient_quota",
		message: string,
		headers: Readonly<Record<string, string>>,
		options: GalleyErrorOptions = {},
	) {
		super(code, message, options);
		this.headers = headers;
	}
}
