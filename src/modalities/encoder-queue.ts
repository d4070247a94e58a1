import type { EncoderLoad } from "../core/embedding-service.ts";
import { GalleyError, toGalleyError } from "../core/errors.ts";
import type { EncoderSequence } from "../engine/encoder-engine.ts";
import { type BatchLimits, planBatch, type WaitingText } from "./batch-plan.ts";
import type { ComputedBatch } from "./encoder-runner.ts";

export interface QueueLimits extends BatchLimits {
	/** Requests that wait. */
	maxRequests: number;
	/** Tokens that wait. A request alone may bring more: it is computed when nothing else waits. */
	maxTokens: number;
}

export interface QueueOptions {
	limits: QueueLimits;
	run(sequences: readonly EncoderSequence[]): Promise<ComputedBatch>;
	/** Batches that are computed at a time. */
	lanes(): number;
	/** Whether batches may be sent off now. */
	isOpen(): boolean;
	onBatch?(batch: BatchReport): void;
}

export interface BatchReport {
	texts: number;
	tokens: number;
	/** Fill included. */
	computedTokens: number;
	/** In which it was computed. */
	durationMs: number;
}

interface Entry extends WaitingText {
	sequence: EncoderSequence;
	index: number;
	request: Request;
}

interface Request {
	rows: Float32Array[];
	missing: number;
	/** Texts that wait. */
	waiting: number;
	isOver: boolean;
	resolve(rows: Float32Array[]): void;
	reject(error: GalleyError): void;
	detach(): void;
}

/** Beside those that are computed, the next one is on its way: the engine never waits for this process. */
const batchesAhead = 1;
/** Weight of the newest batch in the measured speed. */
const smoothing = 0.2;

/** Holds texts until the engine takes them, in batches of like lengths; drops those whose caller has left. */
export class EncoderQueue {
	readonly #options: QueueOptions;
	/** By length. */
	#waiting: Entry[] = [];
	readonly #requests = new Set<Request>();
	#waitingTokens = 0;
	#waitingRequests = 0;
	#running = 0;
	#batches = 0;
	/** Of the entry served last: where newcomers begin. */
	#turn = 0;
	/** Of one lane. */
	#tokensPerMs: number | null = null;

	constructor(options: QueueOptions) {
		this.#options = options;
	}

	load(): EncoderLoad {
		return {
			running: this.#running,
			waiting: this.#waiting.length,
			waitingTokens: this.#waitingTokens,
		};
	}

	/** One row a sequence. Throws `queue_full`; rejects `client_closed` when the signal aborts. */
	submit(
		sequences: readonly EncoderSequence[],
		signal: AbortSignal,
	): Promise<Float32Array[]> {
		if (signal.aborted) return Promise.reject(clientClosed());
		if (sequences.length === 0) return Promise.resolve([]);
		const tokens = sequences.reduce((sum, one) => sum + one.tokens.length, 0);
		this.#assertRoom(tokens);
		return new Promise((resolve, reject) => {
			const abort = () => this.#end(request, clientClosed());
			const request: Request = {
				rows: new Array(sequences.length),
				missing: sequences.length,
				waiting: sequences.length,
				isOver: false,
				resolve,
				reject,
				detach: () => signal.removeEventListener("abort", abort),
			};
			signal.addEventListener("abort", abort, { once: true });
			this.#enter(request, sequences, tokens);
			this.pump();
		});
	}

	/** Sends off what may be; called again when the engine is ready. */
	pump(): void {
		while (
			this.#batches < this.#options.lanes() + batchesAhead &&
			this.#waiting.length > 0 &&
			this.#options.isOpen()
		) {
			const { from, to } = planBatch(this.#waiting, this.#options.limits);
			const batch = this.#waiting.splice(from, to - from);
			void this.#compute(batch);
		}
	}

	/** Ends everything with this error. */
	fail(error: GalleyError): void {
		for (const request of [...this.#requests]) this.#end(request, error);
	}

	/** Resolves when nothing waits or runs. */
	async idle(pollMs = 10): Promise<void> {
		while (this.#requests.size > 0)
			await new Promise((resolve) => setTimeout(resolve, pollMs));
	}

	#enter(
		request: Request,
		sequences: readonly EncoderSequence[],
		tokens: number,
	): void {
		let turn = this.#turn;
		const entries = sequences.map((sequence, index): Entry => {
			const { length } = sequence.tokens;
			const entry = { sequence, index, request, length, turn };
			turn += length;
			return entry;
		});
		this.#waiting = [...this.#waiting, ...entries].sort(
			(left, right) => left.length - right.length || left.turn - right.turn,
		);
		this.#requests.add(request);
		this.#waitingRequests++;
		this.#waitingTokens += tokens;
	}

	async #compute(batch: readonly Entry[]): Promise<void> {
		let tokens = 0;
		let longest = 0;
		let turn = Number.POSITIVE_INFINITY;
		for (const entry of batch) {
			tokens += entry.length;
			longest = Math.max(longest, entry.length);
			turn = Math.min(turn, entry.turn);
			this.#leave(entry);
		}
		this.#turn = Math.max(this.#turn, turn);
		this.#batches++;
		this.#running += batch.length;
		try {
			const { rows, computeMs } = await this.#options.run(
				batch.map(({ sequence }) => sequence),
			);
			const width = rows.length / batch.length;
			batch.forEach((entry, row) => {
				this.#fill(entry, rows.slice(row * width, (row + 1) * width));
			});
			this.#learn(tokens, computeMs);
			this.#options.onBatch?.({
				texts: batch.length,
				tokens,
				computedTokens: longest * batch.length,
				durationMs: computeMs,
			});
		} catch (thrown) {
			const error = toGalleyError(thrown);
			for (const { request } of batch) this.#end(request, error);
		} finally {
			this.#batches--;
			this.#running -= batch.length;
			this.pump();
		}
	}

	#leave({ request, length }: Entry): void {
		this.#waitingTokens -= length;
		if (--request.waiting === 0) this.#waitingRequests--;
	}

	#fill({ request, index }: Entry, row: Float32Array): void {
		if (request.isOver) return;
		request.rows[index] = row;
		if (--request.missing > 0) return;
		this.#close(request);
		request.resolve(request.rows);
	}

	#end(request: Request, error: GalleyError): void {
		if (request.isOver) return;
		this.#close(request);
		if (request.waiting > 0) {
			this.#waiting = this.#waiting.filter((entry) => {
				if (entry.request !== request) return true;
				this.#leave(entry);
				return false;
			});
		}
		request.reject(error);
	}

	#close(request: Request): void {
		request.isOver = true;
		request.detach();
		this.#requests.delete(request);
	}

	#learn(tokens: number, durationMs: number): void {
		if (durationMs <= 0) return;
		const measured = tokens / durationMs;
		this.#tokensPerMs =
			this.#tokensPerMs === null
				? measured
				: this.#tokensPerMs + smoothing * (measured - this.#tokensPerMs);
	}

	#assertRoom(tokens: number): void {
		const { maxRequests, maxTokens } = this.#options.limits;
		const isCrowded = this.#waitingRequests >= maxRequests;
		const isLong =
			this.#waitingTokens > 0 && this.#waitingTokens + tokens > maxTokens;
		if (!isCrowded && !isLong) return;
		// By then there is room for this request.
		const excess = isCrowded
			? this.#waitingTokens / Math.max(1, this.#waitingRequests)
			: Math.min(this.#waitingTokens, this.#waitingTokens + tokens - maxTokens);
		const tokensPerMs = (this.#tokensPerMs ?? 1) * this.#options.lanes();
		const seconds = excess / (tokensPerMs * 1000);
		throw new GalleyError(
			"queue_full",
			isCrowded
				? `${this.#waitingRequests} requests wait already; try again later, or start another replica.`
				: `${this.#waitingTokens} tokens wait already, and ${maxTokens} may; try again later, send fewer texts at once, or start another replica.`,
			{ retryAfterSeconds: Math.max(1, Math.ceil(seconds)) },
		);
	}
}

function clientClosed(): GalleyError {
	return new GalleyError("client_closed", "The client closed the request.");
}
