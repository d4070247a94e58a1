/** What is known of a replica when a request is to be placed. */
export interface ReplicaLoad {
	id: string;
	/** Tokens of its requests that are not answered yet, as far as the gateway can tell. */
	outstandingTokens: number;
	isReady: boolean;
}

/**
 * A token that is cached is worth so many that wait: computing a prefix again takes not only its own time, it also drives
 * another prefix out of the other replica's cache. Chosen by `npm run bench -- routing-simulation`.
 */
export const cachedWorth = 4;

/**
 * The replica for a request: the one with the least to do, what it needn't compute again counted in its favour. So a prefix
 * keeps its replica unless that one has more than `cachedWorth` times the prefix's length to do beyond the idlest. Null when none is
 * ready. `random` (0 to 1) decides between equals. Pure.
 */
export function chooseReplica(
	replicas: readonly ReplicaLoad[],
	/** Replicas that have seen the request's prefix -> how many of its tokens. */
	cachedTokens: ReadonlyMap<string, number>,
	random: number,
	worth = cachedWorth,
): string | null {
	let least = Number.POSITIVE_INFINITY;
	let equals: string[] = [];
	for (const { id, isReady, outstandingTokens } of replicas) {
		if (!isReady) continue;
		const cost = outstandingTokens - worth * (cachedTokens.get(id) ?? 0);
		if (cost < least) {
			least = cost;
			equals = [id];
		} else if (cost === least) equals.push(id);
	}
	return equals[Math.floor(random * equals.length)] ?? equals[0] ?? null;
}
