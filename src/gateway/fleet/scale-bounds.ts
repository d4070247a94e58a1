import type { FleetService } from "./fleet-file.ts";

/** Between how many replicas a service may have. */
export interface ScaleBounds {
	/** 0: it stops when nobody needs it, and starts with the next request. */
	min: number;
	/** While it is awake. */
	floor: number;
	max: number;
	/** At first. */
	initial: number;
	/** The load decides how many there are. */
	isScaled: boolean;
	startsOnDemand: boolean;
}

export function scaleBounds({
	replicas,
	minReplicas,
	maxReplicas,
	start,
}: Pick<
	FleetService,
	"replicas" | "minReplicas" | "maxReplicas" | "start"
>): ScaleBounds {
	const startsOnDemand = start === "on-demand" || minReplicas === 0;
	const floor = Math.max(
		1,
		minReplicas ?? Math.min(replicas, maxReplicas ?? replicas),
	);
	const max = maxReplicas ?? Math.max(replicas, floor);
	return {
		min: startsOnDemand ? 0 : floor,
		floor,
		max,
		initial: Math.min(Math.max(replicas, floor), max),
		isScaled: floor < max,
		startsOnDemand,
	};
}
