export type AnsweredHeaders = Readonly<
	Record<string, string | string[] | undefined>
>;

/** A place gave no answer that could go to the client, who has heard nothing. */
export interface Refusal {
	kind: "unanswered";
	cause: /** No connection: it was never sent. */
		| "unreachable"
		/** It says that it takes nothing now: 429, 502, 503. */
		| "refused"
		/** The connection ended before an answer began. */
		| "reset"
		/** No answer began within the time. */
		| "silent"
		/** What came is no answer of an API: a web page, or less than was announced. */
		| "unreadable";
	/**
	 * Whether it may be sent to another place. `once`: it may have been computed there, and may also be what ended that place;
	 * `never`: it may have been computed, or is still. What has no effect and no great cost may be repeated all the same.
	 */
	repeat: "safe" | "once" | "never";
	/** Null where none came. */
	status: number | null;
	/** A clause: `it answered 503`. */
	reason: string;
	retryAfterSeconds: number | null;
	/** How far it is, for the error body, where it is on its way. */
	details?: Readonly<Record<string, unknown>>;
	/** What it said, where the client may be given it as it is. */
	answer: {
		status: number;
		headers: Record<string, string | string[]>;
		body: Buffer;
	} | null;
}

/** Whether a place that takes nothing now said so: nothing was computed. */
export function isRefusalStatus(status: number): boolean {
	return status === 429 || status === 502 || status === 503;
}

/** Seconds of a `Retry-After`, which may be a date; null where there is none that can be read. */
export function retryAfterOf(
	{ "retry-after": value }: AnsweredHeaders,
	now: number,
): number | null {
	if (typeof value !== "string") return null;
	const seconds = Number(value);
	if (Number.isFinite(seconds)) return Math.max(0, seconds);
	const date = Date.parse(value);
	return Number.isNaN(date) ? null : Math.max(0, (date - now) / 1000);
}

/** The message of an error body, OpenAI's or any like it; null where it can't be found. */
export function messageOf(body: Buffer): string | null {
	try {
		const { error, message } = JSON.parse(body.toString()) as {
			error?: { message?: unknown } | string;
			message?: unknown;
		};
		const found =
			(typeof error === "object" ? error?.message : error) ?? message;
		return typeof found === "string" ? found.slice(0, 300) : null;
	} catch {
		// Words of a proxy, or nothing.
		return null;
	}
}
