import type { TopSequence, TopView } from "../top-view.ts";

export function sequenceOf(changes: Partial<TopSequence> = {}): TopSequence {
	return {
		id: "request-1",
		choice: 0,
		state: "decode",
		waitsFor: null,
		priority: 0,
		promptTokens: 1240,
		cachedTokens: 1200,
		computedTokens: 1260,
		generatedTokens: 20,
		preemptions: 0,
		adapters: [],
		ageSeconds: 2.5,
		tokensPerSecond: 31.26,
		...changes,
	};
}

/** A service in the middle of its work. */
export function viewOf(changes: Partial<TopView> = {}): TopView {
	return {
		url: "http://127.0.0.1:8000",
		state: "ready",
		stateDetail: null,
		model: "starter-chat",
		version: "1.2.3",
		uptimeSeconds: 8000,
		running: 5,
		waiting: 3,
		maxSequences: 8,
		waitingFor: { slot: 2, memory: 0, prefix: 1 },
		targetItlMs: 50,
		kvCache: {
			layout: "unified",
			cells: 16_384,
			usage: 0.34,
			retainedTokens: 3210,
			savedTokens: 0,
		},
		rates: {
			seconds: 1,
			prefillTokensPerSecond: 812.4,
			generationTokensPerSecond: 143,
			requestsPerSecond: 2.13,
			stepsPerSecond: 23,
			stepP50Ms: 21.2,
			stepP95Ms: 38,
			prefixHitRate: 0.632,
			draftedTokensPerSecond: 0,
			acceptanceRate: null,
			preemptions: 0,
			evictedTokens: 1200,
			savedTokens: 0,
			restoredTokens: 0,
			rejected: { queue_full: 4 },
		},
		sequences: [sequenceOf()],
		notices: [],
		...changes,
	};
}
