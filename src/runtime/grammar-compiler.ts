import { createHash } from "node:crypto";
import type { Worker } from "node:worker_threads";
import { GalleyError } from "../core/errors.ts";
import type { OutputConstraint } from "../core/output-constraint.ts";
import type { Grammar } from "../grammar/grammar.ts";
import { GrammarError } from "../grammar/grammar-error.ts";
import { grammarBytes } from "./grammar-bytes.ts";
import type {
	CompileAnswer,
	CompileQuestion,
} from "./grammar-compiler-protocol.ts";
import { startThread } from "./start-thread.ts";

export interface CompiledConstraint {
	/** The same for equal constraints. */
	key: string;
	grammar: Grammar;
}

export interface GrammarCompilerOptions {
	/** From when the thread begins with a constraint until it is given up. */
	timeLimitMs?: number;
	/** Constraints with more text than this are refused unread. */
	maxSourceLength?: number;
	maxCacheBytes?: number;
	/** Told of every constraint: how it was had, and the seconds where it was compiled. */
	onCompiled?: (
		result: "hit" | "miss" | "joined" | "error",
		seconds: number | null,
	) => void;
	now?: () => number;
	startThread?: () => Worker;
}

interface Job {
	key: string;
	question: CompileQuestion;
	resolve(grammar: Grammar): void;
	reject(error: GalleyError): void;
	/** Requests that still wait for it. */
	waiting: number;
	result: Promise<Grammar>;
}

/** What is remembered of a constraint. */
type Known = { bytes: number } & (
	| { grammar: Grammar }
	| { error: GalleyError }
);

const maxHeapMegabytes = 256;

/**
 * Compiles constraints in a thread of its own, one after the other: whatever a client sends, the event loop goes on. A
 * constraint that takes too long ends with its thread; the next one starts another. Results, refusals too, are kept by a hash
 * of the constraint, up to a number of bytes.
 */
export class GrammarCompiler implements Disposable {
	readonly #timeLimitMs: number;
	readonly #maxSourceLength: number;
	readonly #maxCacheBytes: number;
	readonly #onCompiled: NonNullable<GrammarCompilerOptions["onCompiled"]>;
	readonly #now: () => number;
	readonly #startThread: () => Worker;
	/** In the order of their last use. */
	readonly #known = new Map<string, Known>();
	#knownBytes = 0;
	readonly #jobs = new Map<string, Job>();
	#queue: Job[] = [];
	#current: Job | null = null;
	#thread: Worker | null = null;
	#timer: NodeJS.Timeout | undefined;

	constructor({
		timeLimitMs = 5_000,
		maxSourceLength = 1_000_000,
		maxCacheBytes = 64 * 2 ** 20,
		onCompiled = () => undefined,
		now = () => performance.now(),
		startThread = startCompilerThread,
	}: GrammarCompilerOptions = {}) {
		this.#timeLimitMs = timeLimitMs;
		this.#maxSourceLength = maxSourceLength;
		this.#maxCacheBytes = maxCacheBytes;
		this.#onCompiled = onCompiled;
		this.#now = now;
		this.#startThread = startThread;
	}

	/** Rejects with a GalleyError that names the field. An aborted wait rejects too; nobody's constraint is not begun. */
	async compile(
		constraint: OutputConstraint,
		signal?: AbortSignal,
	): Promise<CompiledConstraint> {
		const param = constraint.field;
		const from = this.#now();
		try {
			const { key, question } = this.#toQuestion(constraint);
			const known = this.#recall(key);
			if (known !== null) {
				this.#onCompiled("error" in known ? "error" : "hit", null);
				if ("error" in known) throw known.error;
				return { key, grammar: known.grammar };
			}
			const isNew = !this.#jobs.has(key);
			const grammar = await this.#wait(this.#job(key, question), signal);
			const seconds = (this.#now() - from) / 1000;
			this.#onCompiled(isNew ? "miss" : "joined", isNew ? seconds : null);
			return { key, grammar };
		} catch (thrown) {
			throw thrown instanceof GalleyError ? withField(thrown, param) : thrown;
		}
	}

	[Symbol.dispose](): void {
		clearTimeout(this.#timer);
		const error = new GalleyError("draining", "The service is shutting down.");
		for (const job of this.#jobs.values()) job.reject(error);
		this.#jobs.clear();
		this.#queue = [];
		this.#current = null;
		this.#stopThread();
	}

	#toQuestion(constraint: OutputConstraint) {
		// Which field it came from doesn't change the grammar, except inside a grammar of several schemas, where it stays.
		const { field: _, ...rest } = constraint;
		const source = toJson(rest);
		if (source.length > this.#maxSourceLength)
			throw new GrammarError(
				"too_large",
				`The constraint has ${source.length} characters, but may have at most ${this.#maxSourceLength}.`,
			);
		const key = createHash("sha256").update(source).digest("base64url");
		return { key, question: { constraint: rest as OutputConstraint } };
	}

	#job(key: string, question: CompileQuestion): Job {
		const known = this.#jobs.get(key);
		if (known !== undefined) return known;
		const { promise, resolve, reject } = promiseParts<Grammar>();
		// Whoever waits hears of it; when nobody does any more, nobody has to.
		promise.catch(() => undefined);
		const job = { key, question, resolve, reject, waiting: 0, result: promise };
		this.#jobs.set(key, job);
		this.#queue.push(job);
		this.#next();
		return job;
	}

	async #wait(job: Job, signal: AbortSignal | undefined): Promise<Grammar> {
		job.waiting++;
		const leave = () => {
			job.waiting--;
			// What has begun is finished: it is in the cache then.
			if (job.waiting > 0 || job === this.#current) return;
			this.#queue = this.#queue.filter((other) => other !== job);
			this.#jobs.delete(job.key);
			job.reject(gone());
		};
		signal?.addEventListener("abort", leave, { once: true });
		try {
			return await job.result;
		} finally {
			signal?.removeEventListener("abort", leave);
		}
	}

	#next(): void {
		if (this.#current !== null) return;
		const job = this.#queue.shift();
		if (job === undefined) return;
		this.#current = job;
		const thread = this.#runningThread();
		thread.ref();
		thread.postMessage(job.question);
		this.#timer = setTimeout(() => this.#overrun(job), this.#timeLimitMs);
	}

	#runningThread(): Worker {
		if (this.#thread !== null) return this.#thread;
		const thread = this.#startThread();
		thread.on("message", (answer: CompileAnswer) => {
			if (thread === this.#thread) this.#hear(answer);
		});
		thread.on("error", (error) => {
			if (thread === this.#thread) this.#lost(error);
		});
		thread.on("exit", () => {
			if (thread === this.#thread) this.#lost(new Error("it has ended"));
		});
		this.#thread = thread;
		return thread;
	}

	#hear(answer: CompileAnswer): void {
		if ("grammar" in answer) this.#settle(answer);
		else if ("refusal" in answer) {
			const { reason, message, path, param } = answer.refusal;
			const at =
				path === null || message.includes(path) ? "" : ` (at '${path}')`;
			const options = { path: path ?? undefined, param: param ?? undefined };
			this.#settle({ error: new GrammarError(reason, message + at, options) });
		} else
			this.#settle({
				error: new GalleyError(
					"internal",
					"The constraint could not be compiled; the server's log has the cause.",
					{ cause: new Error(answer.fault) },
				),
			});
	}

	#overrun(job: Job): void {
		if (job !== this.#current) return;
		this.#stopThread();
		const seconds = this.#timeLimitMs / 1000;
		this.#settle({
			error: new GrammarError(
				"too_large",
				`The constraint took too long to compile: more than ${seconds} seconds. Use a smaller one.`,
			),
		});
	}

	/** Memory is what a thread ends from. */
	#lost(cause: Error): void {
		this.#thread = null;
		if (this.#current === null) return;
		this.#settle({
			error: new GrammarError(
				"too_large",
				"The constraint is too large: compiling it took more memory than one request may have.",
				{ cause },
			),
		});
	}

	#settle(outcome: { grammar: Grammar } | { error: GalleyError }): void {
		clearTimeout(this.#timer);
		const job = this.#current;
		this.#current = null;
		// An idle thread keeps no process alive.
		this.#thread?.unref();
		if (job !== null) {
			this.#jobs.delete(job.key);
			this.#remember(job.key, outcome);
			if ("grammar" in outcome) job.resolve(outcome.grammar);
			else {
				this.#onCompiled("error", null);
				job.reject(outcome.error);
			}
		}
		this.#next();
	}

	#recall(key: string): Known | null {
		const known = this.#known.get(key);
		if (known === undefined) return null;
		this.#known.delete(key);
		this.#known.set(key, known);
		return known;
	}

	#remember(
		key: string,
		outcome: { grammar: Grammar } | { error: GalleyError },
	): void {
		const bytes =
			"grammar" in outcome ? grammarBytes(outcome.grammar) : errorBytes;
		this.#known.set(key, { ...outcome, bytes });
		this.#knownBytes += bytes;
		for (const [oldest, known] of this.#known) {
			if (this.#knownBytes <= this.#maxCacheBytes) break;
			this.#known.delete(oldest);
			this.#knownBytes -= known.bytes;
		}
	}

	#stopThread(): void {
		const thread = this.#thread;
		this.#thread = null;
		void thread?.terminate();
	}
}

const errorBytes = 1_000;

const gone = () => new GalleyError("client_closed", "The client went away.");

/** As JSON, but with typed arrays as what they hold, and quickly. */
function toJson(value: unknown): string {
	try {
		return JSON.stringify(value, (_, part: unknown) =>
			ArrayBuffer.isView(part)
				? Buffer.from(part.buffer, part.byteOffset, part.byteLength).toString(
						"base64",
					)
				: part,
		);
	} catch (thrown) {
		throw new GrammarError(
			"too_large",
			"The constraint is too large: it is nested too deeply.",
			{ cause: thrown },
		);
	}
}

/** The same error may be told to requests that gave the constraint in different fields. */
function withField(error: GalleyError, field: string | undefined): GalleyError {
	if (error.param !== null || field === undefined) return error;
	const message =
		error.code === "invalid_request"
			? `'${field}': ${error.message}`
			: error.message;
	return new GalleyError(error.code, message, { param: field, cause: error });
}

function promiseParts<Value>() {
	let resolve: (value: Value) => void = () => undefined;
	let reject: (error: GalleyError) => void = () => undefined;
	const promise = new Promise<Value>((onValue, onError) => {
		resolve = onValue;
		reject = onError;
	});
	return { promise, resolve, reject };
}

const startCompilerThread = () =>
	startThread("grammar-compiler-thread", {
		maxOldGenerationSizeMb: maxHeapMegabytes,
	});
