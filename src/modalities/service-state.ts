import { GalleyError } from "../core/errors.ts";
import type { ServiceState } from "../core/language-service.ts";

/** Why an encoder in this state takes no requests; null when it does. Short restarts are waited for in the queue. */
export function refusalOf(state: ServiceState): GalleyError | null {
	switch (state.phase) {
		case "ready":
			return null;
		case "draining":
			return new GalleyError(
				"draining",
				"The service is shutting down; send the request elsewhere.",
				{ retryAfterSeconds: 10 },
			);
		case "failed":
			return new GalleyError(
				"engine_unavailable",
				`The model could not be loaded: ${state.reason}`,
				{ retryAfterSeconds: 60 },
			);
		default:
			return new GalleyError(
				"engine_unavailable",
				`The model is not ready (${state.phase}).`,
				{
					retryAfterSeconds:
						state.phase === "restarting" ? state.retryAfterSeconds : 5,
				},
			);
	}
}
