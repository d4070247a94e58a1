/** One stream that is listened to: `hasSpoken` is all that a write has to set. */
export interface Pulse {
	hasSpoken: boolean;
	/** Ticks since it last spoke. */
	quietTicks: number;
	/** Says something that means nothing. */
	readonly beat: () => void;
}

/** A beat comes after the silence it is for, and at most this part of it later. */
const ticksPerSilence = 10;

/**
 * Finds the streams that have been silent for too long, so that proxies don't take them for dead. One timer for all of
 * them, which runs while there are any: a stream pays one assignment for each write, and neither asks for the time nor
 * sets a timer of its own.
 */
export class KeepAlive {
	readonly #silenceMs: number;
	readonly #pulses = new Set<Pulse>();
	#timer: NodeJS.Timeout | undefined;

	/** 0 milliseconds: no beats. */
	constructor(silenceMs: number) {
		this.#silenceMs = silenceMs;
	}

	/** Streams that are listened to. */
	get size(): number {
		return this.#pulses.size;
	}

	begin(beat: () => void): Pulse {
		// The tick that has begun already doesn't count.
		const pulse = { hasSpoken: true, quietTicks: 0, beat };
		if (this.#silenceMs === 0) return pulse;
		this.#pulses.add(pulse);
		this.#timer ??= setInterval(
			() => this.#tick(),
			Math.max(1, this.#silenceMs / ticksPerSilence),
		).unref();
		return pulse;
	}

	/** Safe any number of times. */
	end(pulse: Pulse): void {
		this.#pulses.delete(pulse);
		if (this.#pulses.size > 0) return;
		clearInterval(this.#timer);
		this.#timer = undefined;
	}

	#tick(): void {
		for (const pulse of this.#pulses) {
			if (pulse.hasSpoken) {
				pulse.hasSpoken = false;
				pulse.quietTicks = 0;
				continue;
			}
			pulse.quietTicks++;
			if (pulse.quietTicks < ticksPerSilence) continue;
			pulse.quietTicks = 0;
			pulse.beat();
		}
	}
}
