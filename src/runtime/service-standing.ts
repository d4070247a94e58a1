import { GalleyError } from "../core/errors.ts";
import type { ServiceState } from "../core/language-service.ts";
import type { LoadReport } from "./engine-protocol.ts";

/** What the engine is taken to do until it has said something. */
export const noLoad: LoadReport = Object.freeze({
	running: 0,
	waiting: 0,
	waitingFor: Object.freeze({ slot: 0, memory: 0, prefix: 0 }),
	kvCacheUsage: 0,
	retainedTokens: 0,
	savedTokens: 0,
	kvLayout: "unified",
	targetItlMs: 50,
	residentBytes: 0,
});

/** Why a service in this state takes no requests; null when it does. */
export function stateRefusal(state: ServiceState): GalleyError | null {
	if (state.phase === "ready") return null;
	if (state.phase === "draining") {
		return new GalleyError(
			"draining",
			"The service is shutting down; send the request elsewhere.",
			{ retryAfterSeconds: 10 },
		);
	}
	const retryAfterSeconds =
		state.phase === "restarting" ? state.retryAfterSeconds : 5;
	return new GalleyError(
		"engine_unavailable",
		`The model is not ready (${state.phase}).`,
		{ retryAfterSeconds },
	);
}
