import { z } from "zod";
import type { OwnCall, OwnRoute } from "../http/own-route.ts";
import type { ReplicaSet } from "../replicas/replica-set.ts";
import type { GatewayMetrics } from "./gateway-metrics.ts";
import { MetricFamilies } from "./metric-families.ts";

export interface MetricsRouteParts {
	metrics: GatewayMetrics;
	services: ReadonlyMap<string, ReplicaSet>;
}

const query = z.object({
	services: z
		.enum(["own", "none", "all"])
		.default("own")
		.describe(
			"Of services Galley's own names, nothing, or vLLM's and NIM's names too.",
		),
});

/** A replica that is too busy to answer a scrape is left out of it. */
const scrapeMs = 2000;
/** Services show most values under three names: for all of them together Galley's own are enough. */
const isOwnName = (name: string) =>
	name.startsWith("galley:") || name.startsWith("process_");

/**
 * The gateway's metrics and, labelled with `service` and `replica`, those of the services behind it: they listen where only the
 * gateway can reach them. `?services=none` leaves the latter out, `?services=all` brings them with vLLM's and NIM's names too.
 */
export function metricsRoutes({
	metrics,
	services,
}: MetricsRouteParts): OwnRoute[] {
	const answer = async ({ url }: OwnCall) => {
		const wanted = url.searchParams.get("services") ?? "own";
		const families = new MetricFamilies();
		families.add(await metrics.render());
		if (wanted !== "none")
			for (const { service, replica, text } of await scrape(services))
				families.add(
					text,
					{ service, replica },
					wanted === "all" ? undefined : isOwnName,
				);
		return { content: families.render(), contentType: metrics.contentType };
	};
	const route = {
		method: "GET",
		scope: "read",
		summary: "Metrics of the gateway and its services, for Prometheus",
		details: { query, contentType: "text/plain" },
		answer,
	} as const;
	return [
		{ ...route, path: "/metrics" },
		{ ...route, path: "/v1/metrics" },
	];
}

async function scrape(
	services: ReadonlyMap<string, ReplicaSet>,
): Promise<{ service: string; replica: string; text: string }[]> {
	const replicas = [...services].flatMap(([service, set]) =>
		set.replicas
			.filter(({ phase }) => phase === "ready")
			.map((replica) => ({ service, replica })),
	);
	const answers = await Promise.all(
		replicas.map(async ({ service, replica }) => {
			try {
				const { statusCode, body } = await replica.pool.request({
					path: "/metrics",
					method: "GET",
					signal: AbortSignal.timeout(scrapeMs),
				});
				const text = await body.text();
				return statusCode === 200
					? [{ service, replica: replica.id, text }]
					: [];
			} catch {
				// It is busy or going: a gap in its series says so.
				return [];
			}
		}),
	);
	return answers.flat();
}
