/** What is known of a replica when a request is to be placed. */
export interface ReplicaLoad {
	id: string;
	/** Tokens of its requests that are not answered yet, as far as the gateway can tell. */
	outstandingTokens: number;
	isReady: boolean;
}

/** A replica that has the prefix gets the request unless it has so many times the tokens of the least loaded, */
const busyRatio = 2;
/** and so many more: small differences are no reason to compute a prefix again. */
const busyTokens = 2000;

/**
 * The replica for a request: one that has its prefix cached, while that one isn't much busier than the others; else the
 * one with the fewest outstanding tokens. Null when none is ready. Pure.
 */
export function chooseReplica(
	replicas: readonly ReplicaLoad[],
	/** Replicas that have seen the request's prefix -> how many of its tokens. */
	cachedTokens: ReadonlyMap<string, number>,
): string | null {
	const ready = replicas.filter(({ isReady }) => isReady);
	if (ready.length === 0) return null;
	const idlest = ready.reduce((best, other) =>
		other.outstandingTokens < best.outstandingTokens ? other : best,
	);
	const bearable = Math.max(
		idlest.outstandingTokens * busyRatio,
		idlest.outstandingTokens + busyTokens,
	);
	let chosen = idlest;
	let most = cachedTokens.get(idlest.id) ?? 0;
	for (const replica of ready) {
		const cached = cachedTokens.get(replica.id) ?? 0;
		if (cached > most && replica.outstandingTokens <= bearable) {
			chosen = replica;
			most = cached;
		}
	}
	return chosen.id;
}
