import { createInterface } from "node:readline";

export type Line =
	| { type: "line"; text: string }
	| { type: "interrupt"; wasEmpty: boolean }
	| { type: "end" };

/**
 * Reads lines from a terminal. Each line has a reader of its own: between lines the terminal is in its normal state, so
 * that Ctrl-C while an answer streams is a signal and not a letter.
 */
export class ChatPrompt {
	readonly #input: NodeJS.ReadStream;
	readonly #output: NodeJS.WriteStream;
	#history: string[] = [];

	constructor(input: NodeJS.ReadStream, output: NodeJS.WriteStream) {
		this.#input = input;
		this.#output = output;
	}

	read(prompt: string): Promise<Line> {
		return new Promise((resolve) => {
			const reader = createInterface({
				input: this.#input,
				output: this.#output,
				terminal: true,
				history: [...this.#history],
				historySize: 500,
				removeHistoryDuplicates: true,
			});
			let isFinished = false;
			// Closing tells "close" in turn; what counts is what came first.
			const finish = (line: Line) => {
				if (isFinished) return;
				isFinished = true;
				reader.close();
				resolve(line);
			};
			reader.on("history", (history) => {
				this.#history = history;
			});
			reader.once("SIGINT", () => {
				const wasEmpty = reader.line === "";
				this.#output.write("\n");
				finish({ type: "interrupt", wasEmpty });
			});
			reader.once("close", () => {
				if (!isFinished) this.#output.write("\n");
				finish({ type: "end" });
			});
			reader.question(prompt, (text) => finish({ type: "line", text }));
		});
	}

	/** A message: one line, or what stands between two lines of """. */
	async readMessage(prompt: string, continuation: string): Promise<Line> {
		const first = await this.read(prompt);
		if (first.type !== "line" || !first.text.trimStart().startsWith('"""'))
			return first;
		const opening = first.text.trimStart().slice(3);
		if (opening.trimEnd().endsWith('"""'))
			return { type: "line", text: opening.trimEnd().slice(0, -3) };
		const lines = opening === "" ? [] : [opening];
		for (;;) {
			const next = await this.read(continuation);
			if (next.type !== "line") return next;
			if (next.text.trimEnd().endsWith('"""')) {
				const ending = next.text.trimEnd().slice(0, -3);
				return {
					type: "line",
					text: [...lines, ...(ending === "" ? [] : [ending])].join("\n"),
				};
			}
			lines.push(next.text);
		}
	}
}
