/** What the gateway refused, in OpenAI's error shape; `offline` when it could not be reached at all. */
export class ApiError extends Error {
	override readonly name = "ApiError";
	/** 0 when there was no answer. */
	readonly status: number;
	readonly code: string;
	/** The field of the request at fault. */
	readonly param: string | null;
	readonly retryAfterSeconds: number | null;

	constructor(
		message: string,
		details: {
			status: number;
			code: string;
			param?: string | null;
			retryAfterSeconds?: number | null;
			cause?: unknown;
		},
	) {
		super(message, { cause: details.cause });
		this.status = details.status;
		this.code = details.code;
		this.param = details.param ?? null;
		this.retryAfterSeconds = details.retryAfterSeconds ?? null;
	}

	get isOffline(): boolean {
		return this.status === 0;
	}
}

/** An answer outside 200 to 299 as an error; a body that is no error of ours keeps its first line. */
export async function toApiError(response: Response): Promise<ApiError> {
	const text = await response.text();
	const retryAfter = Number(response.headers.get("retry-after") ?? Number.NaN);
	const retryAfterSeconds = Number.isFinite(retryAfter) ? retryAfter : null;
	const { status } = response;
	const error = errorIn(text);
	if (error !== null)
		return new ApiError(error.message, { ...error, status, retryAfterSeconds });
	const line = text.trim().split("\n")[0]?.slice(0, 200) ?? "";
	const plain = line.startsWith("<") ? "" : line;
	return new ApiError(
		plain === "" ? `The gateway answered ${status}.` : plain,
		{ status, code: `http_${status}`, retryAfterSeconds },
	);
}

function errorIn(
	text: string,
): { message: string; code: string; param: string | null } | null {
	try {
		const body: unknown = JSON.parse(text);
		if (typeof body !== "object" || body === null || !("error" in body))
			return null;
		const { error } = body;
		if (typeof error !== "object" || error === null) return null;
		const fields = error as Record<string, unknown>;
		if (typeof fields.message !== "string") return null;
		return {
			message: fields.message,
			code: String(fields.code ?? fields.type ?? "error"),
			param: typeof fields.param === "string" ? fields.param : null,
		};
	} catch {
		// No JSON: the caller shows the text.
		return null;
	}
}
