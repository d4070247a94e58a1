/** What the native library says. One log serves the whole process, because the library has one callback only. */

export type NativeLogLevel = "debug" | "info" | "warn" | "error";

export interface NativeLogLine {
	level: NativeLogLevel;
	text: string;
}

export interface LogRecording {
	readonly lines: readonly NativeLogLine[];
	stop(): void;
}

const levelNames: Readonly<Record<number, NativeLogLevel>> = {
	1: "debug",
	2: "info",
	3: "warn",
	4: "error",
};
/** ggml's level for text that goes on in the line before. */
const continuation = 5;
const keptProblems = 20;

export class NativeLog {
	readonly #problems: string[] = [];
	readonly #recordings = new Set<NativeLogLine[]>();
	#partial = "";
	#level: NativeLogLevel = "info";

	/** Takes text as the library gives it: any number of lines, the last one perhaps unfinished. */
	receive(level: number, text: string): void {
		if (level !== continuation) {
			this.#finishLine();
			this.#level = levelNames[level] ?? "info";
		}
		const pieces = text.split("\n");
		for (const piece of pieces.slice(0, -1)) {
			this.#partial += piece;
			this.#finishLine();
		}
		this.#partial += pieces.at(-1);
	}

	/** Keeps every line until stopped; for questions that only the log answers. */
	record(): LogRecording {
		const lines: NativeLogLine[] = [];
		this.#recordings.add(lines);
		return { lines, stop: () => void this.#recordings.delete(lines) };
	}

	forgetProblems(): void {
		this.#problems.length = 0;
	}

	/** The last warnings and errors, oldest first. */
	problems(): readonly string[] {
		this.#finishLine();
		return [...this.#problems];
	}

	#finishLine(): void {
		const text = this.#partial.trimEnd();
		this.#partial = "";
		if (text === "") return;
		for (const lines of this.#recordings)
			lines.push({ level: this.#level, text });
		if (this.#level !== "error" && this.#level !== "warn") return;
		this.#problems.push(text);
		if (this.#problems.length > keptProblems) this.#problems.shift();
	}
}
