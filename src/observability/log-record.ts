import { GalleyError } from "../core/errors.ts";
import { type LogFields, logFieldKinds } from "./log-fields.ts";
import { redactSecrets } from "./redaction.ts";

const maxTextLength = 1000;
const maxStackLength = 8000;
const maxCauses = 4;

/** What is written of an error. */
export interface LoggedError {
	type: string;
	code?: string;
	param?: string;
	message?: string;
	stack?: string;
	cause?: LoggedError;
}

export type LogRecord = Record<string, string | number | boolean | LoggedError>;

/** The fields that may be written, without secrets; see log-fields.ts. */
export function toLogRecord(fields: LogFields): LogRecord {
	const record: LogRecord = {};
	for (const [name, value] of Object.entries(fields)) {
		if (name === "error") {
			record.error = toLoggedError(value, maxCauses);
			continue;
		}
		// Undefined for names that are not in the table; nothing is written then.
		const kind = logFieldKinds[name as keyof typeof logFieldKinds];
		if (kind === "text" && typeof value === "string")
			record[name] = toLogText(value, maxTextLength);
		if (kind === "number" && typeof value === "number") record[name] = value;
		if (kind === "flag" && typeof value === "boolean") record[name] = value;
	}
	return record;
}

export function toLogText(text: string, maxLength: number): string {
	const cut = text.length > maxLength ? `${text.slice(0, maxLength)}...` : text;
	return redactSecrets(cut);
}

/**
 * A client's mistake is told by its code and field alone: its message went to the client, and may quote what the client
 * sent.
 */
function toLoggedError(thrown: unknown, causesLeft: number): LoggedError {
	if (thrown instanceof GalleyError && thrown.status < 500) {
		const { name, code, param } = thrown;
		return { type: name, code, ...(param === null ? {} : { param }) };
	}
	if (!(thrown instanceof Error)) {
		return {
			type: typeof thrown,
			message: toLogText(String(thrown), maxTextLength),
		};
	}
	const { name, message, stack, cause } = thrown;
	const code: unknown = "code" in thrown ? thrown.code : undefined;
	return {
		type: name,
		...(typeof code === "string" ? { code } : {}),
		message: toLogText(message, maxTextLength),
		...(stack === undefined ? {} : { stack: toLogText(stack, maxStackLength) }),
		...(cause === undefined || causesLeft === 0
			? {}
			: { cause: toLoggedError(cause, causesLeft - 1) }),
	};
}
