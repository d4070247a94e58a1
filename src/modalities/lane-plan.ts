export interface LaneResources {
	/** Of the model's file. */
	sizeBytes: number;
	threads: number;
	availableBytes: number;
}

export interface LanePlan {
	/** Sessions that compute beside each other, besides the one that has all threads; 1: there is only that one. */
	lanes: number;
	/** What they take beside the first session. */
	extraBytes: number;
}

/** A thread with its own ONNX Runtime session, and what it computes in. */
const laneBytes = 24 * 1024 ** 2;
/** Weights are let go from the file and held as they are computed with. */
const sharePerWeight = 1.2;
/** More memory than this is not spent on throughput, nor more than an eighth of what is free. */
const maxExtraBytes = 256 * 1024 ** 2;
const shareOfFree = 1 / 8;

/**
 * How many batches to compute at a time. A thread for each wins most where models are small: threads that share one batch
 * wait for each other within every layer. Each lane holds the weights once more, so large models have none. What threads
 * there are is shared out evenly.
 */
export function planLanes({
	sizeBytes,
	threads,
	availableBytes,
}: LaneResources): LanePlan {
	const each = laneBytes + sharePerWeight * sizeBytes;
	const budget = Math.min(maxExtraBytes, availableBytes * shareOfFree);
	const affordable = Math.min(threads, Math.floor(budget / each));
	if (affordable < 2) return { lanes: 1, extraBytes: 0 };
	const threadsOfLane = Math.ceil(threads / affordable);
	const lanes = Math.floor(threads / threadsOfLane);
	return lanes < 2
		? { lanes: 1, extraBytes: 0 }
		: { lanes, extraBytes: lanes * each };
}
