/** Runs `work` for `key`, or joins the run of the same key that is under way. */
export type SingleFlight<Key, Value> = (
	key: Key,
	work: () => Promise<Value>,
) => Promise<Value>;

/**
 * Callers of one key share one run and its outcome, failures too. Nothing is remembered once the run has settled: this
 * removes duplicate work, it is no cache.
 */
export function createSingleFlight<Key, Value>(): SingleFlight<Key, Value> {
	const flights = new Map<Key, Promise<Value>>();
	return (key, work) => {
		const underWay = flights.get(key);
		if (underWay !== undefined) return underWay;
		// In an async function so that a synchronous throw is a rejection too and never leaves a flight behind.
		const flight = (async () => work())().finally(() => flights.delete(key));
		flights.set(key, flight);
		return flight;
	};
}
