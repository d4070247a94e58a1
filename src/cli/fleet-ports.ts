import { existsSync } from "node:fs";
import { knownApplications } from "../gateway/applications/known-applications.ts";
import type { Fleet, FleetApplication } from "../gateway/fleet/fleet-file.ts";
import {
	livingProcesses,
	readGatewayRecord,
} from "../gateway/replicas/run-directory.ts";
import { CommandFailure, exitCodes } from "./exit-codes.ts";
import { whyNotFree } from "./free-port.ts";

/** Applications of a fleet that nobody wrote look so many ports further for a free one. */
const portsTried = 20;
const here = "127.0.0.1";

/**
 * Whether everything can listen where it is to, before anything starts: throws with all that can't. An application of the starter fleet
 * moves to the next free port; one in a file stays where the file says.
 */
export async function placeFleet(
	fleet: Fleet,
	runDirectory: string,
	isWritten: boolean,
): Promise<Fleet> {
	const other = readGatewayRecord(runDirectory);
	if (other !== null)
		throw new CommandFailure(
			`A gateway runs already at ${other.address} (process ${other.pid}). End it with galley down, or give this one another --port.`,
			exitCodes.addressInUse,
		);
	const living = new Set(
		existsSync(runDirectory)
			? livingProcesses(runDirectory).map(({ id }) => id)
			: [],
	);
	const { host, port } = fleet.gateway;
	const problems = [await problemOf("The gateway", host, port)];
	const applications: FleetApplication[] = [];
	for (const application of fleet.applications) {
		const { name } = application;
		const wanted = application.port ?? knownApplications.get(name)?.port ?? 0;
		// It runs still, and will be taken over.
		const isLiving = living.has(`application:${name}/1`);
		const moved =
			isWritten || isLiving ? null : await nextFreePort(wanted, port);
		if (moved === null && !isLiving)
			problems.push(await problemOf(`The application ${name}`, here, wanted));
		applications.push(
			moved === null || moved === wanted
				? application
				: { ...application, port: moved },
		);
	}
	const told = problems.filter((problem) => problem !== null);
	if (told.length > 0)
		throw new CommandFailure(told.join("\n"), exitCodes.addressInUse);
	return { ...fleet, applications };
}

async function problemOf(
	what: string,
	host: string,
	port: number,
): Promise<string | null> {
	const reason = await whyNotFree(host, port);
	if (reason === null) return null;
	return `${what} can't listen on ${host}:${port}: ${advice[reason]}`;
}

const advice = {
	EADDRINUSE: "another program does. End it, or choose another port.",
	EACCES: "permission is denied. Choose a port above 1023.",
	EADDRNOTAVAIL: "this machine does not have that address.",
	ENOTFOUND: "the host name is not known.",
} as const;

async function nextFreePort(
	first: number,
	gateway: number,
): Promise<number | null> {
	for (let port = first; port < first + portsTried; port++)
		if (port !== gateway && (await whyNotFree(here, port)) === null)
			return port;
	return null;
}
