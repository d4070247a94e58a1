import { z } from "zod";
import type { GalleyError } from "../../core/errors.ts";

/** The protocol's error body: a sentence. */
export const kserveError = z
	.object({ error: z.string() })
	.meta({ title: "KserveError" });

export function toKserveErrorBody(
	error: GalleyError,
): z.output<typeof kserveError> {
	return { error: error.message };
}

/** Not all of `/v2`: Cohere's version 2 is there as well. */
export function isKservePath(url: string): boolean {
	return /^\/v2(\/(health|models)(\/|\?|$)|\/?(\?|$))/.test(url);
}
