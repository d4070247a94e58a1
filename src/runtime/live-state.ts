import type { LiveRequestInfo, LiveState } from "../core/language-service.ts";
import type { EngineSnapshot, SequenceSnapshot } from "./engine-protocol.ts";
import type { LiveRequest } from "./live-request.ts";

/** The engine's numbers as requests that people know. What ended while the snapshot travelled is left out. */
export function toLiveState(
	snapshot: EngineSnapshot,
	requests: ReadonlyMap<number, Pick<LiveRequest, "request">>,
): LiveState {
	const { load, kvCells, maxSequences } = snapshot;
	return {
		requests: snapshot.sequences.flatMap((sequence) => {
			const live = requests.get(sequence.number);
			return live === undefined ? [] : [toInfo(live.request, sequence)];
		}),
		kvCells,
		kvCacheUsage: load.kvCacheUsage,
		retainedTokens: load.retainedTokens,
		savedTokens: load.savedTokens,
		kvLayout: load.kvLayout,
		maxSequences,
		targetItlMs: load.targetItlMs,
	};
}

function toInfo(
	{ id, adapters }: LiveRequest["request"],
	{ number: _, ...sequence }: SequenceSnapshot,
): LiveRequestInfo {
	return { id, adapters: adapters.map(({ name }) => name), ...sequence };
}
