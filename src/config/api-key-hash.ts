import { createHash } from "node:crypto";
import { z } from "zod";
import type { OptionType } from "./option-types.ts";

/** Hex SHA-256 of a bearer key: all that stays in memory. Keys are long random text, so an unsalted hash is enough. */
export function hashApiKey(key: string): string {
	return createHash("sha256").update(key, "utf8").digest("hex");
}

/** Keys become hashes while they are parsed; messages never show what was given. */
export function apiKeyHashes(): OptionType<readonly string[]> {
	return z.unknown().transform((value, context) => {
		const parts: unknown[] = Array.isArray(value) ? value : [value];
		const keys = parts.flatMap((part) =>
			typeof part === "string" ? part.split(/[,\r\n]/) : [""],
		);
		const written = keys.map((key) => key.trim()).filter((key) => key !== "");
		if (
			written.length > 0 &&
			written.every((key) => /^[\x21-\x7e]+$/.test(key))
		) {
			return Object.freeze([...new Set(written.map(hashApiKey))]);
		}
		context.addIssue({
			code: "custom",
			message:
				"must be one or more keys of visible ASCII characters, separated by commas or lines",
		});
		return z.NEVER;
	});
}

/** The keys of a file: one a line, `#` starts a comment line. */
export function keysOfFile(text: string): string {
	return text
		.split(/\r?\n/)
		.filter((line) => !line.trimStart().startsWith("#"))
		.join("\n");
}
