import type { AutoscaleStatus } from "../autoscale/autoscaler.ts";
import type { OwnRoute } from "./own-route.ts";

/** What the load asks for, and what was decided. */
export function autoscaleRoutes(status: () => AutoscaleStatus[]): OwnRoute[] {
	return [
		{
			method: "GET",
			path: "/v1/fleet/autoscale",
			scope: "read",
			summary: "Services that are scaled by their load, and the last decisions",
			details: {
				returns:
					"For each service its bounds, how many replicas there are and should be, and why.",
			},
			answer: async () => ({ body: { services: status() } }),
		},
	];
}
