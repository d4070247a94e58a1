import type { IngestStage } from "./ingest-page.ts";

/** `wait` is the pause that politeness asks for. */
export type PageStage = "wait" | "fetch" | IngestStage;

export interface StageSeconds {
	stage: PageStage;
	/** Of all pages together. */
	seconds: number;
	/** In which at least one page was there: where that is nearly all the time, more cannot go through. */
	busySeconds: number;
}

interface Occupied {
	pages: number;
	changedAt: number;
}

/** Where pages spend their time while several are worked on at once. */
export class StageTimes {
	readonly #stages = new Map<PageStage, Occupied>();
	readonly #onTime: (time: StageSeconds) => void;
	readonly #now: () => number;

	/** `now` counts milliseconds. */
	constructor(
		onTime: (time: StageSeconds) => void,
		now: () => number = () => performance.now(),
	) {
		this.#onTime = onTime;
		this.#now = now;
	}

	/** One page on its way: it is in one stage at a time. */
	page(): { enter(stage: PageStage): void; end(): void } {
		let current: PageStage | null = null;
		const end = () => {
			if (current !== null) this.#change(current, -1);
			current = null;
		};
		return {
			enter: (stage) => {
				end();
				current = stage;
				this.#change(stage, 1);
			},
			end,
		};
	}

	#change(stage: PageStage, by: 1 | -1): void {
		const now = this.#now();
		const { pages, changedAt } = this.#stages.get(stage) ?? {
			pages: 0,
			changedAt: now,
		};
		this.#stages.set(stage, { pages: pages + by, changedAt: now });
		if (pages === 0) return;
		const elapsed = (now - changedAt) / 1000;
		this.#onTime({ stage, seconds: pages * elapsed, busySeconds: elapsed });
	}
}
