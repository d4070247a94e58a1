import {
	admits,
	type BreakerSettings,
	type BreakerState,
	began,
	closedBreaker,
	failed,
	succeeded,
	toldNothing,
	waitMs,
} from "../routing/circuit-breaker.ts";

/** How a place does, as far as its answers tell. */
export interface PlaceHealth {
	state: "ok" | "failing" | "recovering";
	/** Of the last failure, where it is not ok; else empty. */
	reason: string;
}

const healths = {
	closed: "ok",
	open: "failing",
	"half-open": "recovering",
} as const satisfies Record<BreakerState["kind"], PlaceHealth["state"]>;

/** The circuit breakers of all places that requests are sent to, by the places' ids. */
export class Breakers {
	readonly #settings: BreakerSettings;
	readonly #now: () => number;
	readonly #random: () => number;
	readonly #states = new Map<string, BreakerState>();
	readonly #reasons = new Map<string, string>();

	constructor(
		settings: BreakerSettings,
		now: () => number = () => performance.now(),
		random: () => number = Math.random,
	) {
		this.#settings = settings;
		this.#now = now;
		this.#random = random;
	}

	admits(id: string): boolean {
		const state = this.#states.get(id);
		return state === undefined || admits(state, this.#now());
	}

	begin(id: string): void {
		const state = this.#states.get(id);
		if (state !== undefined && state.kind !== "closed")
			this.#states.set(id, began(state, this.#now()));
	}

	end(id: string, sign: "good" | "bad" | "none", reason = ""): void {
		const state = this.#states.get(id) ?? closedBreaker;
		if (sign === "bad") {
			this.#reasons.set(id, reason);
			this.#states.set(
				id,
				failed(state, this.#now(), this.#settings, this.#random()),
			);
			return;
		}
		const next =
			sign === "good" ? succeeded(state, this.#settings) : toldNothing(state);
		if (next !== state) this.#states.set(id, next);
	}

	/** Another process has its place now. */
	forget(id: string): void {
		this.#states.delete(id);
		this.#reasons.delete(id);
	}

	/** In words for people and metrics. */
	health(id: string): PlaceHealth {
		const { kind, reason } = this.state(id);
		return { state: healths[kind], reason: kind === "closed" ? "" : reason };
	}

	/** `waitMs` is how long nothing is sent there. */
	state(id: string): {
		kind: BreakerState["kind"];
		waitMs: number;
		/** Of the last failure; empty where there was none. */
		reason: string;
	} {
		const state = this.#states.get(id) ?? closedBreaker;
		return {
			kind: state.kind,
			waitMs: waitMs(state, this.#now()),
			reason: this.#reasons.get(id) ?? "",
		};
	}
}
