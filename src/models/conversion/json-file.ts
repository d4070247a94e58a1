import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { GalleyError } from "../../core/errors.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/** Tokenizers of 250,000 tokens have some 35 MB. */
const maxBytes = 256 * 1024 * 1024;

/** Null when there is no such file; throws GalleyError `model_unusable` when it is too long or no JSON object. */
export async function readJsonFile(
	directory: string,
	name: string,
): Promise<JsonObject | null> {
	const text = await readTextFile(directory, name);
	if (text === null) return null;
	let parsed: unknown;
	try {
		parsed = JSON.parse(text);
	} catch (cause) {
		throw new GalleyError(
			"model_unusable",
			`"${join(directory, name)}" is no JSON. Download it again.`,
			{ cause },
		);
	}
	if (!isObject(parsed))
		throw new GalleyError(
			"model_unusable",
			`"${join(directory, name)}" holds no object. Download it again.`,
		);
	return parsed;
}

/** Null when there is no such file. */
export async function readTextFile(
	directory: string,
	name: string,
): Promise<string | null> {
	const bytes = await readBytesFile(directory, name);
	return bytes === null ? null : new TextDecoder().decode(bytes);
}

/** Null when there is no such file. */
export async function readBytesFile(
	directory: string,
	name: string,
): Promise<Uint8Array | null> {
	const path = join(directory, name);
	try {
		const status = await stat(path);
		if (!status.isFile() || status.size > maxBytes)
			throw new GalleyError(
				"model_unusable",
				`"${path}" is no file that a model has (${status.size} bytes).`,
			);
		return await readFile(path);
	} catch (error) {
		if (error instanceof GalleyError) throw error;
		const cause = error as NodeJS.ErrnoException;
		if (cause.code === "ENOENT") return null;
		throw new GalleyError(
			"model_unusable",
			`"${path}" can't be read: ${cause.message}.`,
			{ cause },
		);
	}
}

export function isObject(value: unknown): value is JsonObject {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function objectOf(value: unknown): JsonObject {
	return isObject(value) ? value : {};
}

export function listOf(value: unknown): readonly unknown[] {
	return Array.isArray(value) ? value : [];
}
