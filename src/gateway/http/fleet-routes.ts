import { z } from "zod";
import { GalleyError } from "../../core/errors.ts";
import type { FleetControl } from "../fleet/fleet-control.ts";
import { fleetServiceSchema } from "../fleet/fleet-file.ts";
import type { FleetProblem } from "../fleet/fleet-problems.ts";
import { type FleetStatus, servicesAwaited } from "../fleet/fleet-status.ts";
import type { ServedModels } from "../served-models.ts";
import type { OwnAnswer, OwnCall, OwnRoute } from "./own-route.ts";

export interface FleetRouteParts {
	served: ServedModels;
	isDraining(): boolean;
	status(): FleetStatus;
	control: FleetControl;
}

const mostReplicas = 64;
/** For the description: what is wrong is told in its own words below. */
const scaling = z.object({ replicas: z.int().min(0).max(mostReplicas) });
const ofService = "The service, as in GET /v1/fleet; it goes on from there.";

/** Health, the list of models, and the fleet: what it does, and what it is told to do. */
export function fleetRoutes(parts: FleetRouteParts): OwnRoute[] {
	const { served, status, control } = parts;
	const live: OwnRoute["answer"] = async () =>
		health({ message: "live", ready: true });
	const ready: OwnRoute["answer"] = async () => health(readiness(parts));
	return [
		{
			method: "GET",
			path: "/v1/health/live",
			scope: "open",
			summary: "Is the gateway worth keeping?",
			answer: live,
		},
		{
			method: "GET",
			path: "/v1/health/ready",
			scope: "open",
			summary: "Do the services that are always there answer?",
			details: { returns: "They do; 503 with the reason where not." },
			answer: ready,
		},
		{
			method: "GET",
			path: "/health",
			scope: "open",
			summary: "The same as /v1/health/ready",
			answer: ready,
		},
		{
			method: "GET",
			path: "/v1/models",
			scope: "inference",
			summary: "All models: of services, adapters, upstreams and aliases",
			answer: async () => ({
				body: { object: "list", data: await served.list() },
			}),
		},
		{
			method: "GET",
			path: "/v1/fleet",
			scope: "read",
			summary: "Services with their replicas, upstreams, aliases, applications",
			details: {
				returns: "{services, upstreams, aliases, applications, memory}",
			},
			answer: async () => ({ body: status() }),
		},
		{
			method: "POST",
			path: "/v1/fleet/reload",
			scope: "admin",
			summary: "Reads the fleet file again; a broken one changes nothing",
			details: { returns: "{changed: [...], problems: [...]}, in sentences." },
			async answer() {
				const { changed, problems } = await control.reload();
				return { body: { changed, problems: problems.map(describeProblem) } };
			},
		},
		...serviceRoutes(parts),
	];
}

function serviceRoutes({ status, control }: FleetRouteParts): OwnRoute[] {
	const path = "/v1/fleet/services";
	/** A verb without a body. */
	const verb = (
		word: string,
		summary: string,
		act: (service: string) => Promise<void> | void,
	): OwnRoute => ({
		method: "POST",
		path: `${path}/:name/${word}`,
		scope: "admin",
		summary,
		details: { status: 202, returns: ofService },
		async answer(call) {
			const service = serviceOf(call, status());
			await act(service);
			return accepted(service, status());
		},
	});
	return [
		{
			method: "POST",
			path,
			scope: "admin",
			summary: "Deploys a service, as the fleet file writes one",
			details: { body: fleetServiceSchema, status: 202, returns: ofService },
			async answer(call) {
				const service = await control.deploy(await call.json());
				return accepted(service, status());
			},
		},
		{
			method: "DELETE",
			path: `${path}/:name`,
			scope: "admin",
			summary: "Takes a deployed service away; its requests are finished",
			details: { status: 202, returns: "{name, deleted}" },
			async answer(call) {
				const name = serviceOf(call, status());
				await control.undeploy(name);
				return { status: 202, body: { name, deleted: true } };
			},
		},
		verb("restart", "New replicas, ready before the old ones go", (service) =>
			control.restart(service),
		),
		verb("stop", "Stops a service until it is started again", (service) =>
			control.stop(service),
		),
		verb("start", "Starts a service that was stopped", (service) =>
			control.start(service),
		),
		{
			method: "POST",
			path: `${path}/:name/scale`,
			scope: "admin",
			summary: "So many replicas from now on",
			details: { body: scaling, status: 202, returns: ofService },
			async answer(call) {
				const service = serviceOf(call, status());
				const { replicas } = ((await call.json()) ?? {}) as {
					replicas?: unknown;
				};
				if (
					!(typeof replicas === "number" && Number.isInteger(replicas)) ||
					replicas < 0 ||
					replicas > mostReplicas
				)
					throw new GalleyError(
						"invalid_request",
						`'replicas' is a whole number from 0 to ${mostReplicas}.`,
						{ param: "replicas" },
					);
				await control.scale(service, replicas);
				return accepted(service, status());
			},
		},
	];
}

function describeProblem({ line, message }: FleetProblem): string {
	return line === null ? message : `line ${line}: ${message}`;
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

function readiness({ status, isDraining }: FleetRouteParts): Health {
	if (isDraining()) return { message: "draining", ready: false };
	const waits = servicesAwaited(status());
	if (waits.length === 0) return { message: "ready", ready: true };
	return { message: `waiting for ${waits.join(", ")}`, ready: false };
}
