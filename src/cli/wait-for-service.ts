import { setTimeout as delay } from "node:timers/promises";
import { Option } from "commander";
import { GalleyError } from "../core/errors.ts";
import type {
	FleetStatus,
	ServiceStatus,
} from "../gateway/fleet/fleet-status.ts";
import { exitCodes } from "./exit-codes.ts";
import { fleetTable } from "./fleet-table.ts";
import type { GatewayClient, GatewayFlags } from "./gateway-client.ts";
import { createPaint } from "./terminal.ts";
import { untilInterrupted } from "./until-interrupted.ts";

export interface WaitFlags extends GatewayFlags {
	wait: boolean;
	json?: boolean;
}

export function waitFlag(): Option {
	return new Option("--no-wait", "don't wait until it is done");
}

export interface ServiceChange {
	begin(): Promise<unknown>;
	isDone(now: ServiceStatus, before: ServiceStatus): boolean;
}

const lookMs = 200;

/** Tells the gateway to change a service, waits until it is done, and shows the service. Ctrl-C ends the waiting only. */
export async function waitForService(
	client: GatewayClient,
	name: string,
	{ wait, json }: WaitFlags,
	{ begin, isDone }: ServiceChange,
): Promise<number> {
	const before = await read(client, name);
	await begin();
	using end = untilInterrupted();
	let now = await read(client, name);
	while (wait && !end.signal.aborted && !isDone(now, before)) {
		if (now.problem !== null && now.problem !== before.problem)
			throw new GalleyError("engine_unavailable", now.problem);
		if (now.state === "failed")
			throw new GalleyError(
				"engine_unavailable",
				`${name} does not start (${now.replicas[0]?.reason ?? "no reason is known"}). galley logs ${name} says more.`,
			);
		await delay(lookMs, undefined, { signal: end.signal }).catch(
			() => undefined,
		);
		now = await read(client, name);
	}
	const shown: FleetStatus = {
		services: [now],
		upstreams: [],
		aliases: [],
		applications: [],
		memory: { budgetBytes: null, usedBytes: null },
	};
	const paint = createPaint(process.stdout, process.env);
	const text = json === true ? JSON.stringify(now) : fleetTable(shown, paint);
	process.stdout.write(`${text}\n`);
	return end.signal.aborted ? end.exitCode : exitCodes.ok;
}

async function read(
	client: GatewayClient,
	name: string,
): Promise<ServiceStatus> {
	const { services } = await client.call<FleetStatus>("GET", "/v1/fleet");
	const found = services.find((service) => service.name === name);
	if (found !== undefined) return found;
	const names = services.map((service) => service.name).join(", ");
	throw new GalleyError(
		"not_found",
		`There is no service "${name}" in this fleet; it has: ${names}.`,
	);
}
