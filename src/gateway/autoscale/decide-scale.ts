import {
	largestProposal,
	type Proposal,
	proposeReplicas,
	type ScaledReplica,
	type ScalingMetric,
} from "./desired-replicas.ts";
import type { ScalingSettings } from "./scaling-settings.ts";
import {
	type HeldBy,
	type ScaleHistory,
	steadyReplicas,
} from "./steady-replicas.ts";

/** A service that is awake, at one moment. */
export interface ScaleSituation {
	/** Milliseconds on any one clock. */
	now: number;
	min: number;
	max: number;
	replicas: readonly ScaledReplica[];
	metrics: readonly ScalingMetric[];
}

export interface ScaleDecision {
	from: number;
	to: number;
	/** Before windows, policies and bounds; null when too little was told. */
	wish: number | null;
	/** One sentence without a full stop. */
	reason: string;
	proposals: readonly Proposal[];
	/** For the next decision; a change that is made has to be added. */
	history: ScaleHistory;
}

/** How many replicas there should be from now on. Pure. */
export function decideScale(
	{ now, min, max, replicas, metrics }: ScaleSituation,
	settings: ScalingSettings,
	before: ScaleHistory,
): ScaleDecision {
	const from = replicas.length;
	const each = metrics.map((metric) =>
		proposeReplicas(from, replicas, metric, settings.tolerance),
	);
	const proposals = each.filter((proposal) => proposal !== null);
	const stay = { from, wish: null, proposals, history: before };
	if (from < min)
		return { ...stay, to: min, reason: `at least ${min} are wanted` };
	if (from > max)
		return { ...stay, to: max, reason: `at most ${max} are wanted` };
	const wish = largestProposal(from, each);
	if (wish === null) return { ...stay, to: from, reason: silence(proposals) };
	const {
		replicas: to,
		heldBy,
		history,
	} = steadyReplicas(
		now,
		from,
		wish,
		{ min, max },
		{ up: settings.scaleUp, down: settings.scaleDown },
		before,
	);
	const because = describeCause(wish, proposals);
	const held = holds[heldBy](wish);
	return {
		from,
		to,
		wish,
		reason: held === "" ? because : `${because}; ${held}`,
		proposals,
		history,
	};
}

/** Why there is no wish. */
function silence(proposals: readonly Proposal[]): string {
	return proposals.length === 0
		? "no replica tells how it does"
		: "fewer might do, but not all that it is scaled by is known";
}

const holds: Record<HeldBy, (wish: number) => string> = {
	nothing: () => "",
	minimum: (wish) => `${wish} would do, the minimum is more`,
	maximum: (wish) => `${wish} would be needed, the maximum is less`,
	policy: (wish) =>
		`${wish} are wanted, and the policy goes there step by step`,
	stabilization: (wish) =>
		`${wish} are wanted, and it waits to see whether that lasts`,
};

function describeCause(wish: number, proposals: readonly Proposal[]): string {
	const cause =
		proposals.find(({ replicas }) => replicas === wish) ?? proposals[0];
	if (cause === undefined) return "";
	const { metric, average, target } = cause;
	return `${metric} at ${short(average)} of ${short(target)} on average`;
}

function short(value: number): string {
	return String(Number(value.toPrecision(3)));
}
