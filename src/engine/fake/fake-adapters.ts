import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { GalleyError } from "../../core/errors.ts";
import { AdapterTable } from "../adapter-table.ts";
import type { AppliedAdapter } from "../engine.ts";

/**
 * Adapters of the fake engine: any GGUF file whose `general.architecture` is `fake`. What it holds, and its scale, change
 * every word that is computed with it.
 */
export class FakeAdapters {
	readonly #table = new AdapterTable<number>();
	#seed = 0;

	/** What the set adapters do to a state; 0 when none is. */
	get seed(): number {
		return this.#seed;
	}

	async load(path: string): Promise<number> {
		const bytes = await readFile(path).catch((cause: unknown) => {
			throw unusable(path, "it can't be opened. Check the path.", cause);
		});
		if (bytes.toString("latin1", 0, 4) !== "GGUF")
			throw unusable(path, "it is no GGUF file. Copy it again.");
		if (architectureOf(bytes) !== "fake")
			throw unusable(
				path,
				"it is made for a model of another architecture. Use an adapter that was trained on this base model.",
			);
		return this.#table.add(hash(bytes));
	}

	unload(handle: number): void {
		this.#table.remove(handle);
	}

	set(adapters: readonly AppliedAdapter[]): void {
		// A sum, as in a model: the order in which adapters are named means nothing.
		this.#seed = this.#table
			.set(adapters)
			.reduce((sum, [seed, scale]) => (sum + hash(`${seed} ${scale}`)) | 0, 0);
	}
}

/** Key, type (8 is text), length and text, as a GGUF file has them. */
function architectureOf(bytes: Buffer): string | null {
	const key = "general.architecture";
	const at = bytes.indexOf(key);
	if (at < 0) return null;
	const lengthAt = at + key.length + 4;
	const length = bytes.readUInt32LE(lengthAt);
	return bytes.toString("utf8", lengthAt + 8, lengthAt + 8 + length);
}

function hash(data: Buffer | string): number {
	return createHash("sha256").update(data).digest().readInt32LE(0);
}

function unusable(path: string, reason: string, cause?: unknown): GalleyError {
	return new GalleyError("model_unusable", `${path} can't be used: ${reason}`, {
		cause,
	});
}
