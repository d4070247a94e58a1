import { GalleyError } from "../../core/errors.ts";
import type { FleetStatus } from "../fleet/fleet-status.ts";
import type { ServedModels } from "../served-models.ts";
import type { OwnAnswer, OwnCall, OwnRoute } from "./own-route.ts";

export interface FleetRouteParts {
	served: ServedModels;
	isDraining(): boolean;
	status(): FleetStatus;
	scale(service: string, replicas: number): Promise<void>;
	restart(service: string): Promise<void>;
}

/** Health, the list of models, and the fleet: what it does, and what it is told to do. */
export function fleetRoutes(parts: FleetRouteParts): OwnRoute[] {
	const { served, status } = parts;
	const live: OwnRoute["answer"] = async () =>
		health({ message: "live", ready: true });
	const ready: OwnRoute["answer"] = async () => health(readiness(parts));
	return [
		{ method: "GET", path: "/v1/health/live", scope: "open", answer: live },
		{ method: "GET", path: "/v1/health/ready", scope: "open", answer: ready },
		{ method: "GET", path: "/health", scope: "open", answer: ready },
		{
			method: "GET",
			path: "/v1/models",
			scope: "inference",
			answer: async () => ({
				body: { object: "list", data: await served.list() },
			}),
		},
		{
			method: "GET",
			path: "/v1/fleet",
			scope: "read",
			answer: async () => ({ body: status() }),
		},
		{
			method: "POST",
			path: "/v1/fleet/services/:name/scale",
			scope: "admin",
			async answer(call) {
				const service = serviceOf(call, status());
				const { replicas } = (await call.json()) as { replicas?: unknown };
				if (
					!(typeof replicas === "number" && Number.isInteger(replicas)) ||
					replicas < 0 ||
					replicas > 64
				)
					throw new GalleyError(
						"invalid_request",
						"'replicas' is a whole number from 0 to 64.",
						{ param: "replicas" },
					);
				await parts.scale(service, replicas);
				return accepted(service, status());
			},
		},
		{
			method: "POST",
			path: "/v1/fleet/services/:name/restart",
			scope: "admin",
			async answer(call) {
				const service = serviceOf(call, status());
				await parts.restart(service);
				return accepted(service, status());
			},
		},
	];
}

function serviceOf({ parameters }: OwnCall, { services }: FleetStatus): string {
	const { name = "" } = parameters;
	if (!services.some((service) => service.name === name))
		throw new GalleyError(
			"not_found",
			`There is no service '${name}' in this fleet.`,
			{ param: "name" },
		);
	return name;
}

function accepted(service: string, { services }: FleetStatus): OwnAnswer {
	return {
		status: 202,
		body: services.find(({ name }) => name === service),
	};
}

interface Health {
	message: string;
	ready: boolean;
}

function health({ message, ready }: Health): OwnAnswer {
	return {
		status: ready ? 200 : 503,
		body: { object: "health.response", message, ready },
	};
}

/** Ready when every service that is always there has a replica that is. */
function readiness({ status, isDraining }: FleetRouteParts): Health {
	if (isDraining()) return { message: "draining", ready: false };
	const waits = status().services.filter(
		({ start, replicas }) =>
			start === "always" && !replicas.some(({ phase }) => phase === "ready"),
	);
	if (waits.length === 0) return { message: "ready", ready: true };
	const names = waits.map(({ name }) => name).join(", ");
	return { message: `waiting for ${names}`, ready: false };
}
