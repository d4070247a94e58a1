export type PageErrorCode =
	| "invalid_url"
	| "private_address"
	| "robots"
	| "robots_unreadable"
	| "dns"
	| "dns_busy"
	| "refused"
	| "tls"
	| "broken_off"
	| "no_route"
	| "unreachable"
	| "http_status"
	| "too_many_redirects"
	| "too_large"
	| "too_slow"
	| "unsupported_type"
	| "unreadable"
	| "empty"
	| "embedding_failed"
	/** It was waited for and did not come back. */
	| "embedding_away";

/** Why a page or a file is not in the collection: shown to who asked for it. */
export class PageError extends Error {
	readonly code: PageErrorCode;
	/** What the server answered, with `http_status`; null otherwise. */
	readonly status: number | null;

	constructor(
		code: PageErrorCode,
		message: string,
		options: ErrorOptions & { status?: number | null } = {},
	) {
		super(message, options);
		this.name = "PageError";
		this.code = code;
		this.status = options.status ?? null;
	}
}
