/** A service that has memory. */
export interface MemoryHolder {
	name: string;
	/** Of what runs, starts, or is on its way out. */
	usedBytes: number;
	/** Of that, what is on its way out. */
	leavingBytes: number;
	/** It starts on demand, and has no request, running or waiting. */
	isIdle: boolean;
	/** It may be ended for another: it starts again with the next request. */
	startsOnDemand: boolean;
	/** On any one clock. */
	lastUsedAt: number;
}

/** A service that a request waits for. */
export interface MemoryClaim {
	name: string;
	needBytes: number;
}

export interface MemoryDecision {
	start: readonly string[];
	/** Idle ones, that others may start. */
	evict: readonly string[];
	/** They don't fit beside what always runs. */
	refuse: readonly string[];
}

/**
 * Who may start within a budget, and who has to go for it. Claims are met in the order in which their first request came, and none
 * overtakes: a large model would else wait for ever behind small ones. For each in turn:
 *
 * 1. It fits: it starts.
 * 2. It wouldn't fit beside what always runs: refused, and the next one's turn.
 * 3. It fits when those are gone that are on their way out: it waits, and so does everybody behind it.
 * 4. It fits when idle services go too: the least recently used of them do, no more than it takes; and as in 3.
 * 5. What is in the way has requests: as in 3. Nobody goes for nothing.
 *
 * Pure.
 */
export function decideMemory(
	budgetBytes: number,
	holders: readonly MemoryHolder[],
	claims: readonly MemoryClaim[],
): MemoryDecision {
	const sum = (values: number[]) =>
		values.reduce((total, value) => total + value, 0);
	const lasting = sum(
		holders
			.filter(({ startsOnDemand }) => !startsOnDemand)
			.map(({ usedBytes, leavingBytes }) => usedBytes - leavingBytes),
	);
	let used = sum(holders.map(({ usedBytes }) => usedBytes));
	const leaving = sum(holders.map(({ leavingBytes }) => leavingBytes));
	const start: string[] = [];
	const refuse: string[] = [];
	for (const { name, needBytes } of claims) {
		if (used + needBytes <= budgetBytes) {
			used += needBytes;
			start.push(name);
			continue;
		}
		if (lasting + needBytes > budgetBytes) {
			refuse.push(name);
			continue;
		}
		const claimed = new Set(claims.map((claim) => claim.name));
		const idle = holders
			.filter(
				(holder) =>
					holder.isIdle && holder.startsOnDemand && !claimed.has(holder.name),
			)
			.sort((left, right) => left.lastUsedAt - right.lastUsedAt);
		const evict: string[] = [];
		let after = used - leaving;
		for (const holder of idle) {
			if (after + needBytes <= budgetBytes) break;
			const freed = holder.usedBytes - holder.leavingBytes;
			if (freed <= 0) continue;
			after -= freed;
			evict.push(holder.name);
		}
		const isEnough = after + needBytes <= budgetBytes;
		return { start, refuse, evict: isEnough ? evict : [] };
	}
	return { start, refuse, evict: [] };
}
