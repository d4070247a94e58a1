import { Worker } from "node:worker_threads";
import { PageError } from "../ingest/page-error.ts";
import type { ExtractedDocument, RawDocument } from "./document.ts";

export interface ExtractorOptions {
	/** A document that takes longer is given up. */
	maxSeconds: number;
	maxMegabytes: number;
}

const defaultOptions: ExtractorOptions = { maxSeconds: 30, maxMegabytes: 512 };

type Answer = { document: ExtractedDocument } | { problem: string };

/** Reads documents in a thread of its own, one after the other: hostile ones cost a time-out and a new thread. */
export class Extractor {
	readonly #options: ExtractorOptions;
	#worker: Worker | null = null;
	#queue: Promise<unknown> = Promise.resolve();

	constructor(options: Partial<ExtractorOptions> = {}) {
		this.#options = { ...defaultOptions, ...options };
	}

	/** Throws PageError `unreadable`, or `empty` when there are no words in it. */
	extract(raw: RawDocument): Promise<ExtractedDocument> {
		const result = this.#queue.then(() => this.#extractNow(raw));
		this.#queue = result.catch(() => undefined);
		return result;
	}

	async close(): Promise<void> {
		await this.#worker?.terminate();
		this.#worker = null;
	}

	async #extractNow(raw: RawDocument): Promise<ExtractedDocument> {
		const answer = await this.#ask(raw);
		if ("problem" in answer)
			throw new PageError(
				"unreadable",
				`${raw.source} could not be read: ${answer.problem}`,
			);
		if (answer.document.markdown.trim() === "")
			throw new PageError("empty", `There is no text in ${raw.source}.`);
		return answer.document;
	}

	#ask(raw: RawDocument): Promise<Answer> {
		const worker = this.#start();
		const { maxSeconds } = this.#options;
		return new Promise<Answer>((resolve) => {
			const giveUp = (problem: string) => {
				this.#worker = null;
				void worker.terminate();
				settle({ problem });
			};
			const timer = setTimeout(
				() => giveUp(`it takes longer than ${maxSeconds} seconds.`),
				maxSeconds * 1000,
			);
			const failed = (error: Error) => giveUp(error.message);
			const ended = () => giveUp("its reader ended.");
			const settle = (answer: Answer) => {
				clearTimeout(timer);
				worker.off("message", settle).off("error", failed).off("exit", ended);
				resolve(answer);
			};
			worker.once("message", settle).once("error", failed).once("exit", ended);
			worker.postMessage(raw);
		});
	}

	#start(): Worker {
		if (this.#worker !== null) return this.#worker;
		this.#worker = startThread(this.#options.maxMegabytes);
		// What goes wrong between two documents shows when the next one is asked for.
		this.#worker.on("error", () => undefined);
		this.#worker.unref();
		return this.#worker;
	}
}

function startThread(maxMegabytes: number): Worker {
	const isSource = import.meta.url.endsWith(".ts");
	const file = `./extractor-thread.${isSource ? "ts" : "js"}`;
	const entry = new URL(file, import.meta.url);
	const options = {
		execArgv: [],
		resourceLimits: { maxOldGenerationSizeMb: maxMegabytes },
	};
	if (!isSource) return new Worker(entry, options);
	// From source (tests, development) a thread needs to be told how to read TypeScript.
	const tsx = import.meta.resolve("tsx/esm/api");
	const start = `import("${tsx}").then(({ register }) => { register(); return import("${entry}"); })`;
	return new Worker(start, { ...options, eval: true });
}
