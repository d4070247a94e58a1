import type {
	FleetMoment,
	LiveService,
	Percentiles,
} from "../api/fleet-types.ts";

/** What a service's replicas do together. */
export interface LiveFigures {
	running: number;
	waiting: number;
	tokensPerSecond: number;
	/** Of the fullest replica. */
	kvUse: number | null;
	stepMs: number | null;
	/** Of the slowest replica: that is what somebody waits for. */
	ttftMs: Percentiles | null;
	itlMs: Percentiles | null;
}

export function figuresOf(
	service: LiveService | undefined,
): LiveFigures | null {
	if (service === undefined) return null;
	const { replicas } = service;
	const sum = (pick: (replica: (typeof replicas)[number]) => number) =>
		replicas.reduce((total, replica) => total + pick(replica), 0);
	return {
		running: sum(({ running }) => running),
		waiting: sum(({ waiting }) => waiting),
		tokensPerSecond: sum(({ tokensPerSecond }) => tokensPerSecond),
		kvUse: largest(replicas.map(({ kvUse }) => kvUse)),
		stepMs: largest(replicas.map(({ stepMs }) => stepMs)),
		ttftMs: slowest(replicas.map(({ ttftMs }) => ttftMs)),
		itlMs: slowest(replicas.map(({ itlMs }) => itlMs)),
	};
}

/** One figure of one service over time; null where it was not there. */
export function seriesOf(
	moments: readonly FleetMoment[],
	name: string,
	pick: (figures: LiveFigures) => number | null | undefined,
): (number | null)[] {
	return moments.map(({ services }) => {
		const figures = figuresOf(services.find((one) => one.name === name));
		return figures === null ? null : (pick(figures) ?? null);
	});
}

export function timesOf(moments: readonly FleetMoment[]): number[] {
	return moments.map(({ at }) => at / 1000);
}

function largest(values: readonly (number | null)[]): number | null {
	const known = values.filter((value) => value !== null);
	return known.length === 0 ? null : Math.max(...known);
}

function slowest(values: readonly (Percentiles | null)[]): Percentiles | null {
	const known = values.filter((value) => value !== null);
	return known.length === 0
		? null
		: {
				p50: Math.max(...known.map(({ p50 }) => p50)),
				p95: Math.max(...known.map(({ p95 }) => p95)),
			};
}
