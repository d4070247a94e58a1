import type {
	PreparationStage,
	ServiceState,
} from "../core/language-service.ts";
import { preparationRetrySeconds, stageWords } from "./preparation.ts";

interface HealthBody {
	object: "health.response";
	message: string;
	live?: boolean;
	ready?: boolean;
	/** While a model is prepared, what is done to it. */
	state?: Exclude<ServiceState["phase"], "preparing"> | PreparationWord;
	/** 0 to 1; null while nobody knows how much there is. */
	progress?: number | null;
	received_bytes?: number | null;
	total_bytes?: number | null;
	bytes_per_second?: number | null;
	eta_seconds?: number | null;
	retry_after_seconds?: number;
	reason?: string;
}

type PreparationWord = (typeof stageWords)[PreparationStage];

/** What a health route answers; probes look at the status alone. */
export interface HealthAnswer {
	status: 200 | 503;
	headers: Readonly<Record<string, string>>;
	body: HealthBody;
}

const object = "health.response";
/** Without an estimate: soon enough not to waste time, seldom enough not to be a load. */
const defaultRetrySeconds = 5;
const maxRetrySeconds = 60;

/** Live: this process can do its work or will be able to. Only a service that gave up is better started again. */
export function toLiveAnswer(state: ServiceState): HealthAnswer {
	if (state.phase !== "failed") {
		return {
			status: 200,
			headers: {},
			body: { object, message: "live", live: true },
		};
	}
	const { phase, reason } = state;
	return {
		status: 503,
		headers: {},
		body: { object, message: phase, live: false, state: phase, reason },
	};
}

/** Ready: a request sent now is answered by the model. */
export function toReadyAnswer(state: ServiceState): HealthAnswer {
	if (state.phase === "preparing") return toPreparingAnswer(state);
	const notReady = { object, ready: false, state: state.phase } as const;
	switch (state.phase) {
		case "ready":
			return {
				status: 200,
				headers: {},
				body: { object, message: "ready", ready: true },
			};
		case "loading":
			return {
				status: 503,
				headers: retryAfter(state.etaSeconds ?? defaultRetrySeconds),
				body: {
					...notReady,
					message: "loading the model",
					progress: Math.round(state.progress * 1000) / 1000,
					eta_seconds: state.etaSeconds,
				},
			};
		case "restarting":
			return {
				status: 503,
				headers: retryAfter(state.retryAfterSeconds),
				body: {
					...notReady,
					message: "restarting the engine",
					retry_after_seconds: state.retryAfterSeconds,
					reason: state.reason,
				},
			};
		case "draining":
			return {
				status: 503,
				headers: {},
				body: { ...notReady, message: "draining before shutdown" },
			};
		case "failed":
			return {
				status: 503,
				headers: {},
				body: { ...notReady, message: "failed", reason: state.reason },
			};
	}
}

function toPreparingAnswer(
	state: Extract<ServiceState, { phase: "preparing" }>,
): HealthAnswer {
	const word = stageWords[state.stage];
	return {
		status: 503,
		headers: retryAfter(preparationRetrySeconds(state)),
		body: {
			object,
			ready: false,
			state: word,
			message: `${word} the model`,
			progress:
				state.progress === null
					? null
					: Math.round(state.progress * 1000) / 1000,
			received_bytes: state.receivedBytes,
			total_bytes: state.totalBytes,
			bytes_per_second: state.bytesPerSecond,
			eta_seconds: state.etaSeconds,
		},
	};
}

/** Whole seconds, as the header wants them. */
function retryAfter(seconds: number): Record<string, string> {
	const whole = Math.min(maxRetrySeconds, Math.max(1, Math.ceil(seconds)));
	return { "retry-after": String(whole) };
}
