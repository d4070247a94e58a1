import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** Printable ASCII only: the id goes into headers and logs as it is. */
const acceptableId = /^[\x21-\x7e]{1,128}$/;

/** The client's `X-Request-Id` when it can be trusted to be harmless, else a new one. */
export function toRequestId(message: IncomingMessage): string {
	const given = message.headers["x-request-id"];
	return typeof given === "string" && acceptableId.test(given)
		? given
		: randomUUID();
}

/** Ids of OpenAI's objects: `chatcmpl-...`, `cmpl-...`. */
export function createObjectId(prefix: string): string {
	return `${prefix}-${randomUUID().replaceAll("-", "")}`;
}
