import type { ScalingDirection, ScalingPolicy } from "./scaling-settings.ts";

/** What was wanted and what was done lately. Times are milliseconds on any one clock. */
export interface ScaleHistory {
	readonly wanted: readonly { at: number; replicas: number }[];
	/** More is positive. */
	readonly changes: readonly { at: number; by: number }[];
}

export const noHistory: ScaleHistory = { wanted: [], changes: [] };

/** The first of these that holds something back, in words. */
export type HeldBy =
	| "stabilization"
	| "policy"
	| "minimum"
	| "maximum"
	| "nothing";

/**
 * What Kubernetes' HorizontalPodAutoscaler does with a wish before it follows it: the stabilisation windows, then the policies
 * of each direction, then the bounds.
 * https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#configurable-scaling-behavior and, in
 * pkg/controller/podautoscaler/horizontal.go, compared line by line: `stabilizeRecommendationWithBehaviors` (both windows count
 * in each decision, whatever its direction), `calculateScaleUpLimitWithScalingRules` and `calculateScaleDownLimitWithBehaviors` (a
 * period begins with what there is now, less what was added, plus what was taken away in it; shares are rounded up on the way up and
 * down on the way down; `min` is the smaller change), `recordInitialRecommendation`. Defaults of pkg/apis/autoscaling/v2/defaults.go.
 * Pure; `history` is that after this wish, without the change, which `withChange` adds when it is made.
 */
export function steadyReplicas(
	now: number,
	current: number,
	wish: number,
	bounds: { min: number; max: number },
	directions: { up: ScalingDirection; down: ScalingDirection },
	before: ScaleHistory,
): { replicas: number; heldBy: HeldBy; history: ScaleHistory } {
	const { up, down } = directions;
	// It begins as if what there is had been wanted: a gateway that has just started ends nothing at once.
	const known =
		before.wanted.length === 0
			? [{ at: now, replicas: current }]
			: before.wanted;
	const history: ScaleHistory = {
		wanted: since(
			[...known, { at: now, replicas: wish }],
			now - 1000 * Math.max(up.windowSeconds, down.windowSeconds),
		),
		changes: since(
			before.changes,
			now - 1000 * longestPeriod([...up.policies, ...down.policies]),
		),
	};
	const lately = ({ windowSeconds }: ScalingDirection) =>
		since(known, now - 1000 * windowSeconds).map(({ replicas }) => replicas);
	const least = Math.min(wish, ...lately(up));
	const most = Math.max(wish, ...lately(down));
	const steady = Math.min(Math.max(current, least), most);
	const allowed =
		steady > current
			? Math.min(steady, upLimit(now, current, up, history))
			: Math.max(steady, downLimit(now, current, down, history));
	const replicas = Math.min(Math.max(allowed, bounds.min), bounds.max);
	const heldBy = (): HeldBy => {
		if (replicas === wish) return "nothing";
		if (replicas !== allowed)
			return replicas === bounds.max ? "maximum" : "minimum";
		return allowed === steady ? "stabilization" : "policy";
	};
	return { replicas, heldBy: heldBy(), history };
}

export function withChange(
	history: ScaleHistory,
	at: number,
	by: number,
): ScaleHistory {
	return { ...history, changes: [...history.changes, { at, by }] };
}

function upLimit(
	now: number,
	current: number,
	{ policies, select }: ScalingDirection,
	{ changes }: ScaleHistory,
): number {
	if (select === "none") return current;
	const limits = policies.map((policy) => {
		const start = current - changeIn(changes, now, policy);
		return "replicas" in policy
			? start + policy.replicas
			: Math.ceil(start * (1 + policy.percent / 100) - 1e-9);
	});
	const limit = select === "max" ? Math.max(...limits) : Math.min(...limits);
	return Math.max(current, limit);
}

function downLimit(
	now: number,
	current: number,
	{ policies, select }: ScalingDirection,
	{ changes }: ScaleHistory,
): number {
	if (select === "none") return current;
	const limits = policies.map((policy) => {
		const start = current - changeIn(changes, now, policy);
		return "replicas" in policy
			? start - policy.replicas
			: Math.floor(start * (1 - policy.percent / 100) + 1e-9);
	});
	const limit = select === "max" ? Math.min(...limits) : Math.max(...limits);
	return Math.min(current, limit);
}

function changeIn(
	changes: ScaleHistory["changes"],
	now: number,
	{ periodSeconds }: ScalingPolicy,
): number {
	return since(changes, now - 1000 * periodSeconds).reduce(
		(sum, { by }) => sum + by,
		0,
	);
}

/** A moment that is exactly a window ago is outside of it. */
function since<Item extends { at: number }>(
	items: readonly Item[],
	time: number,
): Item[] {
	return items.filter(({ at }) => at > time);
}

function longestPeriod(policies: readonly ScalingPolicy[]): number {
	return Math.max(0, ...policies.map(({ periodSeconds }) => periodSeconds));
}
