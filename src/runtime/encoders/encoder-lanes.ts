import type { Worker } from "node:worker_threads";
import { type ErrorCode, GalleyError } from "../../core/errors.ts";
import type { EncoderInfo } from "../../engine/encoder-engine.ts";
import { startThread } from "../start-thread.ts";
import type { EncoderLoadOptions } from "./encoder-protocol.ts";
import type { PackedBatch } from "./packed-batch.ts";

export type LaneRequest =
	| { type: "load"; load: EncoderLoadOptions }
	| { type: "run"; batch: PackedBatch };

export type LaneReply =
	| { type: "ready"; info: EncoderInfo }
	| { type: "rows"; rows: Float32Array; computeMs: number }
	| { type: "failed"; code: ErrorCode; message: string };

export interface ComputedBatch {
	rows: Float32Array;
	computeMs: number;
}

/**
 * Several sessions of one model, each in a thread of its own:
 *
 *     wide      all processors work on one batch: the quickest answer to who asks alone
 *     narrow    a few processors each (one, where there are few): batches beside each other. Nobody waits for anybody
 *               within a layer, so more gets done; starter-embed on two cores: 73,000 tokens a second instead of 53,000
 *
 * A batch goes to the wide one when nothing else is there, and to a narrow one otherwise. Each session holds the weights
 * once more, so only small models are loaded so (see `planLanes`).
 */
export class EncoderLanes {
	readonly info: EncoderInfo;
	/** Batches at a time. */
	readonly count: number;
	readonly #wide: Lane;
	readonly #narrow: readonly Lane[];
	#busy = 0;

	private constructor(info: EncoderInfo, wide: Lane, narrow: readonly Lane[]) {
		this.info = info;
		this.#wide = wide;
		this.#narrow = narrow;
		this.count = narrow.length;
	}

	static async load(
		load: EncoderLoadOptions,
		count: number,
	): Promise<EncoderLanes> {
		const threads = Math.max(1, Math.floor(load.options.threads / count));
		const narrowLoad = { ...load, options: { ...load.options, threads } };
		const wide = new Lane();
		const narrow = Array.from({ length: count }, () => new Lane());
		const [info] = await Promise.all([
			wide.load(load),
			...narrow.map((lane) => lane.load(narrowLoad)),
		]);
		return new EncoderLanes(info, wide, narrow);
	}

	/** At most `count` at a time: who calls sees to that. `isAlone`: nothing else is on its way. */
	async run(batch: PackedBatch, isAlone: boolean): Promise<ComputedBatch> {
		const lane =
			isAlone && this.#busy === 0
				? this.#wide
				: this.#narrow.find(({ isBusy }) => !isBusy);
		if (lane === undefined) throw new Error("Every lane is busy.");
		this.#busy++;
		try {
			return await lane.run(batch);
		} finally {
			this.#busy--;
		}
	}
}

class Lane {
	readonly #thread: Worker = startThread("encoders/encoder-lane-thread");
	#settle: ((reply: LaneReply) => void) | null = null;

	constructor() {
		this.#thread.on("message", (reply: LaneReply) => {
			const settle = this.#settle;
			this.#settle = null;
			settle?.(reply);
		});
		// A thread that is lost takes its process along, which is started anew: half an engine would only be slower.
		this.#thread.on("error", (error) => {
			throw error;
		});
	}

	get isBusy(): boolean {
		return this.#settle !== null;
	}

	async load(load: EncoderLoadOptions): Promise<EncoderInfo> {
		const reply = await this.#ask({ type: "load", load });
		if (reply.type === "ready") return reply.info;
		throw unexpected(reply);
	}

	async run(batch: PackedBatch): Promise<ComputedBatch> {
		const reply = await this.#ask({ type: "run", batch });
		if (reply.type === "rows") return reply;
		throw unexpected(reply);
	}

	#ask(request: LaneRequest): Promise<LaneReply> {
		return new Promise((resolve) => {
			this.#settle = resolve;
			this.#thread.postMessage(request);
		});
	}
}

function unexpected(reply: LaneReply): Error {
	return reply.type === "failed"
		? new GalleyError(reply.code, reply.message)
		: new Error(`A lane answered with ${reply.type}.`);
}
