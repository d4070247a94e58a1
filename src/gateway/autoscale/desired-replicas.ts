/** What is known of one replica when their number is decided. */
export interface ScaledReplica {
	id: string;
	/** `failed` counts for nothing: no request goes there, and none will. */
	readiness: "ready" | "unready" | "failed";
}

/** One thing that is measured of each replica, and where its average should be. */
export interface ScalingMetric {
	name: string;
	target: number;
	/** By replica; one that isn't there did not tell. */
	values: ReadonlyMap<string, number>;
}

/** How many replicas one metric asks for. */
export interface Proposal {
	metric: string;
	target: number;
	/** Of the ready replicas that told. */
	average: number;
	replicas: number;
}

/**
 * The formula of Kubernetes' HorizontalPodAutoscaler for metrics of pods: `ceil(replicas * average / target)`.
 * https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details and, for what the page leaves open,
 * `calcPlainMetricReplicas` and `groupPods` of pkg/controller/podautoscaler/replica_calculator.go:
 *
 * 1. Only ready replicas' values count. Nobody told: no proposal (null).
 * 2. All told, and either none is on its way or they wouldn't be needed: the formula, unless the ratio is within the tolerance.
 * 3. Who is ready and did not tell is taken for exactly on target when it would become fewer, for idle when it would become
 *    more; who is on its way, for idle when it would become more.
 * 4. When that turns the direction round, or brings the ratio within the tolerance, it stays.
 *
 * A replica that starts is treated as a pod there is that is pending; one that failed, or is about to end, as one that is deleted. One
 * thing differs: sums are fractions here and thousandths there, cut off.
 *
 * Pure.
 */
export function proposeReplicas(
	current: number,
	replicas: readonly ScaledReplica[],
	{ name, target, values }: ScalingMetric,
	tolerance: number,
): Proposal | null {
	const ready = replicas.filter(({ readiness }) => readiness === "ready");
	const coming = replicas.filter(({ readiness }) => readiness === "unready");
	const told = ready.flatMap(({ id }) => values.get(id) ?? []);
	if (told.length === 0) return null;
	const silent = ready.length - told.length;
	const sum = told.reduce((total, value) => total + value, 0);
	const average = sum / told.length;
	const ratio = average / target;
	const propose = (count: number): Proposal => ({
		metric: name,
		target,
		average,
		replicas: count,
	});
	const isNear = (value: number) => Math.abs(1 - value) <= tolerance + rounding;
	const spreads = coming.length > 0 && ratio > 1;
	if (!spreads && silent === 0)
		return propose(isNear(ratio) ? current : wholeReplicas(sum, target));
	const idle = (ratio >= 1 ? silent : 0) + (spreads ? coming.length : 0);
	const onTarget = ratio < 1 ? silent : 0;
	const counted = told.length + idle + onTarget;
	const total = sum + onTarget * target;
	const corrected = total / (target * counted);
	const count = wholeReplicas(total, target);
	const turnsRound =
		(ratio < 1 && corrected > 1) ||
		(ratio > 1 && corrected < 1) ||
		(corrected < 1 && count > current) ||
		(corrected > 1 && count < current);
	return propose(turnsRound || isNear(corrected) ? current : count);
}

/**
 * Over several metrics the largest proposal counts. Who can't tell anything may need more than there is: with a metric that
 * nobody told, there is no wish (null) where it would be for fewer, and none with no metric at all: as in
 * `computeReplicasForMetrics` of pkg/controller/podautoscaler/horizontal.go, nothing is noted then that a later decision would see.
 */
export function largestProposal(
	current: number,
	proposals: readonly (Proposal | null)[],
): number | null {
	const valid = proposals.filter((proposal) => proposal !== null);
	if (valid.length === 0) return null;
	const largest = Math.max(...valid.map(({ replicas }) => replicas));
	return valid.length < proposals.length && largest < current ? null : largest;
}

/** 0.1 * 3 is a little more than 0.3, and must not cost a replica. */
const rounding = 1e-9;

function wholeReplicas(sum: number, target: number): number {
	return Math.ceil(sum / target - rounding);
}
