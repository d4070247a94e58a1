import { createHash } from "node:crypto";
import type { OptionType } from "./option-types.ts";

/** Hex SHA-256 of a bearer key: all that stays in memory. Keys are long random text, so an unsalted hash is enough. */
function hashApiKey(key: string): string {
	return createHash("sha256").update(key, "utf8").digest("hex");
}

/** Keys become hashes while they are parsed; messages never show what was given. */
export function apiKeyHashes(): OptionType<readonly string[]> {
	return (given) => {
		const parts: unknown[] = Array.isArray(given) ? given : [given];
		const keys = parts.flatMap((part) =>
			typeof part === "string" ? part.split(/[,\r\n]/) : [""],
		);
		const written = keys.map((key) => key.trim()).filter((key) => key !== "");
		const areUsable = written.every((key) => /^[\x21-\x7e]+$/.test(key));
		if (written.length > 0 && areUsable) {
			return { value: Object.freeze([...new Set(written.map(hashApiKey))]) };
		}
		return {
			problem:
				"must be one or more keys of visible ASCII characters, separated by commas or lines",
		};
	};
}

/** The keys of a file: one a line, `#` starts a comment line. */
export function keysOfFile(text: string): string {
	return text
		.split(/\r?\n/)
		.filter((line) => !line.trimStart().startsWith("#"))
		.join("\n");
}
