import { stat } from "node:fs/promises";
import type { LoadOptions } from "../runtime/engine-protocol.ts";
import { type Candidate, sourceVariant } from "./candidate.ts";
import type { AccuracyFigures } from "./figures.ts";
import type { Journal } from "./journal.ts";
import { measureAccuracy } from "./measure-accuracy.ts";
import type { TextPlan } from "./score-text.ts";

export interface ReferenceOptions {
	load: LoadOptions;
	/** The model that is optimised is its own reference. */
	isModelItself: boolean;
	text: TextPlan;
	textKey: string;
	path: string;
	journal: Journal;
	onProgress(share: number): void;
	signal?: AbortSignal | undefined;
}

/** What every candidate's accuracy is measured against; made once, when the first one asks, and kept on disk. */
export class AccuracyReference {
	readonly #options: ReferenceOptions;
	#own: Promise<AccuracyFigures> | null = null;

	constructor(options: ReferenceOptions) {
		this.#options = options;
	}

	get path(): string {
		return this.#options.path;
	}

	async measure(
		candidate: Candidate,
		load: LoadOptions,
	): Promise<AccuracyFigures> {
		const { text, path, onProgress, signal } = this.#options;
		const own = await this.#record();
		// Itself, computed in the same way: nothing to measure.
		if (this.#isReference(candidate)) return own;
		return measureAccuracy(
			{ load, text, referencePath: path, mode: "compare" },
			onProgress,
			signal,
		);
	}

	#isReference({ variant, kvType }: Candidate): boolean {
		const { isModelItself, load } = this.#options;
		return (
			isModelItself &&
			variant === sourceVariant &&
			kvType === load.options.kvTypeK
		);
	}

	#record(): Promise<AccuracyFigures> {
		this.#own ??= this.#findOrRecord();
		return this.#own;
	}

	async #findOrRecord(): Promise<AccuracyFigures> {
		const { load, text, textKey, path, journal, onProgress, signal } =
			this.#options;
		const earlier = journal.accuracy(textKey, referenceKey);
		const isThere = (await stat(path).catch(() => null)) !== null;
		if (earlier !== null && isThere) return earlier;
		const figures = await measureAccuracy(
			{ load, text, referencePath: path, mode: "record" },
			onProgress,
			signal,
		);
		// Written last: with it the file counts as whole.
		await journal.addAccuracy(textKey, referenceKey, figures);
		return figures;
	}
}

const referenceKey = "reference";
