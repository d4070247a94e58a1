import { GalleyError } from "../core/errors.ts";
import type { ServiceState } from "../core/language-service.ts";
import {
	describePreparation,
	preparationRetrySeconds,
} from "../observability/preparation.ts";

/** When a client should try again, where the state itself does not know. */
const unknownWaitSeconds = 5;
/** Another replica can answer at once; this one's successor needs a while. */
const drainingWaitSeconds = 10;
const failedWaitSeconds = 60;

/** Null when the model answers. */
export function unreadyError(state: ServiceState): GalleyError | null {
	switch (state.phase) {
		case "ready":
			return null;
		case "loading": {
			const retryAfterSeconds = state.etaSeconds ?? unknownWaitSeconds;
			const left =
				state.etaSeconds === null
					? ""
					: `, about ${Math.ceil(state.etaSeconds)} s left`;
			const message = `The model is loading (${Math.round(state.progress * 100)} %${left}). Try again later.`;
			return new GalleyError("engine_unavailable", message, {
				retryAfterSeconds,
			});
		}
		case "preparing": {
			const message = `The model is not here yet (${describePreparation(state)}). Try again later.`;
			return new GalleyError("engine_unavailable", message, {
				retryAfterSeconds: preparationRetrySeconds(state),
			});
		}
		case "restarting": {
			const message = `The engine is restarting: ${state.reason}. Try again later.`;
			return new GalleyError("engine_unavailable", message, {
				retryAfterSeconds: state.retryAfterSeconds,
			});
		}
		case "draining": {
			const message =
				"The service is shutting down and takes no new requests. Try again later.";
			return new GalleyError("draining", message, {
				retryAfterSeconds: drainingWaitSeconds,
			});
		}
		case "failed": {
			const message = `The model could not be served: ${state.reason}. The operator has to look at it.`;
			return new GalleyError("engine_unavailable", message, {
				retryAfterSeconds: failedWaitSeconds,
			});
		}
	}
}
