import { z } from "zod";

/** So many replicas more or fewer in so many seconds; or such a share of those that there were when they began. */
const policy = z.union([
	z.strictObject({
		replicas: z.int().min(1).max(64),
		periodSeconds: z.number().positive().max(1800),
	}),
	z.strictObject({
		percent: z.number().positive().max(10_000),
		periodSeconds: z.number().positive().max(1800),
	}),
]);

function direction(windowSeconds: number, usual: z.infer<typeof policy>[]) {
	return z
		.strictObject({
			/** Of what was wanted in this time, the most careful counts. */
			windowSeconds: z.number().min(0).max(3600).default(windowSeconds),
			policies: z.array(policy).min(1).max(8).default(usual),
			/** Which policy counts where they differ; `none` never goes in this direction. */
			select: z.enum(["max", "min", "none"]).default("max"),
		})
		.prefault({});
}

/** `scaling` of a service. What is left out is as in Kubernetes' HorizontalPodAutoscaler, but for `everySeconds` (15 there). */
export const scalingSchema = z
	.strictObject({
		/** Requests, running and waiting, that a replica should have on average; three quarters of its places where left out. */
		targetRequests: z.number().positive().max(10_000).optional(),
		/** Share of the KV cache that running sequences should take on average. */
		targetKvUse: z.number().positive().max(1).default(0.8),
		/** Median milliseconds between two tokens; not looked at where left out. */
		targetItlMs: z.number().positive().max(60_000).optional(),
		/** What is nearer to its target than this changes nothing. */
		tolerance: z.number().min(0).max(1).default(0.1),
		everySeconds: z.number().min(0.1).max(600).default(5),
		scaleUp: direction(0, [
			{ replicas: 4, periodSeconds: 15 },
			{ percent: 100, periodSeconds: 15 },
		]),
		scaleDown: direction(300, [{ percent: 100, periodSeconds: 15 }]),
	})
	.prefault({});

export type ScalingSettings = z.infer<typeof scalingSchema>;
export type ScalingDirection = ScalingSettings["scaleUp"];
export type ScalingPolicy = z.infer<typeof policy>;
