import { createRandomSource } from "../../src/benchmark/random-source.ts";

/** Requests a second at each second. */
export interface LoadShape {
	name: string;
	what: string;
	rates: readonly number[];
}

const minute = 60;
const hour = 60 * minute;

export function loadShapes(seed: number): LoadShape[] {
	return [bursts(seed), day(seed + 1), noise(seed + 2), ramp()];
}

function bursts(seed: number): LoadShape {
	const { next: random } = createRandomSource(seed);
	const rates = Array<number>(2 * hour).fill(0.4);
	for (let at = 5 * minute; at < rates.length; ) {
		const seconds = minute + random() * 3 * minute;
		const rate = 2 + 3 * random();
		rates.fill(rate, Math.round(at), Math.round(at + seconds));
		at += seconds + (5 + 15 * random()) * minute;
	}
	return {
		name: "burst",
		what: "0.4 requests/s, and now and then 2 to 5 for 1 to 4 minutes",
		rates,
	};
}

function day(seed: number): LoadShape {
	const { next: random } = createRandomSource(seed);
	const seconds = 4 * hour;
	let wobble = 0;
	const rates = Array.from({ length: seconds }, (_, second) => {
		if (second % 30 === 0) wobble = 0.8 * wobble + 0.15 * (random() - 0.5);
		const daytime = (1 - Math.cos((2 * Math.PI * second) / seconds)) / 2;
		return Math.max(0, (0.2 + 4.5 * daytime) * (1 + wobble));
	});
	return {
		name: "diurnal",
		what: "a day in 4 hours: 0.2 requests/s at night, 4.7 at noon",
		rates,
	};
}

function noise(seed: number): LoadShape {
	const { next: random } = createRandomSource(seed);
	let level = 0;
	const rates = Array.from({ length: 2 * hour }, (_, second) => {
		if (second % 10 === 0) level = 0.9 * level + 0.3 * (random() - 0.5);
		return Math.min(5.5, 2.4 * Math.exp(level));
	});
	return {
		name: "noise",
		what: "2.4 requests/s that wander around by a third",
		rates,
	};
}

function ramp(): LoadShape {
	const rates = Array.from({ length: 80 * minute }, (_, second) =>
		second < hour ? 0.2 + (4.8 * second) / hour : 0.2,
	);
	return {
		name: "ramp",
		what: "from 0.2 to 5 requests/s in an hour, then 0.2",
		rates,
	};
}
