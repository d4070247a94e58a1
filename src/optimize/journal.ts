import { appendFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { AccuracyFigures, SpeedRun } from "./figures.ts";

/** What earlier results must have been measured with to count again. */
export interface JournalHeading {
	model: string;
	machine: string;
	/** Of the engine's library. */
	release: string;
}

type JournalLine =
	| { kind: "heading"; heading: JournalHeading }
	| { kind: "speed"; load: string; candidate: string; run: SpeedRun }
	| {
			kind: "accuracy";
			text: string;
			candidate: string;
			figures: AccuracyFigures;
	  }
	| { kind: "variant"; precision: string; warnings: readonly string[] };

/**
 * Every result as it comes, a line of JSON each, so that whatever ends an optimisation costs at most the measurement that was
 * running. A search that asks for the same again gets it from here: each speed run once, in the order in which they were
 * measured, so that repeats stay repeats.
 */
export class Journal {
	readonly #path: string;
	readonly #speeds = new Map<string, SpeedRun[]>();
	readonly #accuracies = new Map<string, AccuracyFigures>();
	readonly #warnings = new Map<string, readonly string[]>();
	#reused = 0;

	private constructor(path: string) {
		this.#path = path;
	}

	/** With what is there already, unless it belongs to something else, or `isFresh` begins anew. */
	static async open(
		path: string,
		heading: JournalHeading,
		isFresh = false,
	): Promise<Journal> {
		const journal = new Journal(path);
		const lines = isFresh ? [] : await readLines(path);
		const [first] = lines;
		const belongs =
			first?.kind === "heading" &&
			JSON.stringify(first.heading) === JSON.stringify(heading);
		if (belongs) {
			for (const line of lines) journal.#remember(line);
			return journal;
		}
		await mkdir(dirname(path), { recursive: true });
		const start: JournalLine = { kind: "heading", heading };
		await writeFile(path, `${JSON.stringify(start)}\n`);
		return journal;
	}

	/** Results that were not measured again. */
	get reused(): number {
		return this.#reused;
	}

	takeSpeed(load: string, candidate: string): SpeedRun | null {
		const run = this.#speeds.get(`${load}\n${candidate}`)?.shift() ?? null;
		if (run !== null) this.#reused++;
		return run;
	}

	accuracy(text: string, candidate: string): AccuracyFigures | null {
		const figures = this.#accuracies.get(`${text}\n${candidate}`) ?? null;
		if (figures !== null) this.#reused++;
		return figures;
	}

	warningsOf(precision: string): readonly string[] {
		return this.#warnings.get(precision) ?? [];
	}

	addSpeed(load: string, candidate: string, run: SpeedRun): Promise<void> {
		return this.#append({ kind: "speed", load, candidate, run });
	}

	addAccuracy(
		text: string,
		candidate: string,
		figures: AccuracyFigures,
	): Promise<void> {
		this.#accuracies.set(`${text}\n${candidate}`, figures);
		return this.#append({ kind: "accuracy", text, candidate, figures });
	}

	addVariant(precision: string, warnings: readonly string[]): Promise<void> {
		this.#warnings.set(precision, warnings);
		return this.#append({ kind: "variant", precision, warnings });
	}

	#remember(line: JournalLine): void {
		if (line.kind === "speed") {
			const key = `${line.load}\n${line.candidate}`;
			this.#speeds.set(key, [...(this.#speeds.get(key) ?? []), line.run]);
		} else if (line.kind === "accuracy") {
			this.#accuracies.set(`${line.text}\n${line.candidate}`, line.figures);
		} else if (line.kind === "variant") {
			this.#warnings.set(line.precision, line.warnings);
		}
	}

	/** A line that was cut off by a crash is closed by the newline before the next one. */
	#append(line: JournalLine): Promise<void> {
		return appendFile(this.#path, `\n${JSON.stringify(line)}\n`);
	}
}

async function readLines(path: string): Promise<JournalLine[]> {
	const text = await readFile(path, "utf8").catch(() => "");
	return text.split("\n").flatMap((line) => {
		if (line === "") return [];
		try {
			return [JSON.parse(line) as JournalLine];
		} catch {
			// Cut off in the middle: its measurement is made again.
			return [];
		}
	});
}
