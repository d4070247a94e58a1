import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { GalleyError } from "../core/errors.ts";
import type { ReferenceRow } from "./divergence.ts";

/**
 * What the reference said, on disk: one record a position, so that neither its logits nor its weights have to stay in memory
 * while others are compared with it.
 *
 *     float64 surprise | int32 tokens [topCount] | float32 logprobs [topCount]
 */
function recordBytes(topCount: number): number {
	return 8 + 8 * topCount;
}

export class ReferenceWriter implements Disposable {
	readonly #file: number;
	readonly #record: ArrayBuffer;

	constructor(path: string, topCount: number) {
		this.#file = openSync(path, "w");
		this.#record = new ArrayBuffer(recordBytes(topCount));
	}

	write({ surprise, topTokens, topLogprobs }: ReferenceRow): void {
		const count = topTokens.length;
		new Float64Array(this.#record, 0, 1)[0] = surprise;
		new Int32Array(this.#record, 8, count).set(topTokens);
		new Float32Array(this.#record, 8 + 4 * count, count).set(topLogprobs);
		const bytes = new Uint8Array(this.#record);
		for (let at = 0; at < bytes.length; )
			at += writeSync(this.#file, bytes, at);
	}

	[Symbol.dispose](): void {
		closeSync(this.#file);
	}
}

export class ReferenceReader implements Disposable {
	readonly #file: number;
	readonly #record: ArrayBuffer;
	readonly #row: ReferenceRow;

	constructor(path: string, topCount: number, positions: number) {
		this.#file = openSync(path, "r");
		if (fstatSync(this.#file).size !== positions * recordBytes(topCount)) {
			closeSync(this.#file);
			throw new GalleyError(
				"engine_error",
				`The reference's probabilities in ${path} are not those of this text. Remove the file and measure again.`,
			);
		}
		this.#record = new ArrayBuffer(recordBytes(topCount));
		this.#row = {
			surprise: 0,
			topTokens: new Int32Array(this.#record, 8, topCount),
			topLogprobs: new Float32Array(this.#record, 8 + 4 * topCount, topCount),
		};
	}

	/** The next position's record; the same object each time. */
	read(): ReferenceRow {
		const bytes = new Uint8Array(this.#record);
		for (let at = 0; at < bytes.length; ) {
			const got = readSync(this.#file, bytes, at, bytes.length - at, null);
			if (got === 0) throw new Error("the reference ends too early");
			at += got;
		}
		this.#row.surprise = new Float64Array(this.#record, 0, 1)[0] as number;
		return this.#row;
	}

	[Symbol.dispose](): void {
		closeSync(this.#file);
	}
}
