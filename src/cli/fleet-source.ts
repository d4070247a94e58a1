import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { stringify } from "yaml";
import { GalleyError } from "../core/errors.ts";
import {
	type Fleet,
	type FleetReading,
	readFleetFile,
} from "../gateway/fleet/fleet-file.ts";
import { diskFiles } from "../models/model-reference.ts";
import { applicationProgram } from "./application-program.ts";
import { checkFleet } from "./check-fleet.ts";
import { CommandFailure, exitCodes } from "./exit-codes.ts";

export interface FleetOverrides {
	host?: string | undefined;
	port?: string | undefined;
}

/** Where a fleet comes from, and how it is read again. */
export interface FleetSource {
	/** Null for the starter fleet. */
	path: string | null;
	read(): Promise<FleetReading>;
}

/** A file, `fleet.yaml` of this folder, or the starter models where there is none. */
export function fleetSource(
	given: string | undefined,
	overrides: FleetOverrides,
	environment: Readonly<Record<string, string | undefined>>,
): FleetSource {
	const found = given ?? (existsSync("fleet.yaml") ? "fleet.yaml" : null);
	const path = found === null ? null : resolve(found);
	const port = portOf(overrides.port);
	return {
		path,
		async read() {
			const text = path === null ? starterFleet() : await readText(path);
			const reading = readFleetFile(text, (fleet) =>
				checkFleet(fleet, environment),
			);
			if (reading.fleet === null) return reading;
			return {
				fleet: override(reading.fleet, overrides.host, port),
				problems: [],
			};
		},
	};
}

/** One line for each: `fleet.yaml:3: ...`. */
export function describeProblems(
	path: string | null,
	problems: FleetReading["problems"],
): string {
	const name = path ?? "the starter fleet";
	return problems
		.map(({ line, message }) => `${name}:${line ?? 1}: ${message}`)
		.join("\n");
}

/** What runs where nobody wrote a fleet file: the models that Galley brings, and the application that shows them. */
function starterFleet(): string {
	const adapters = join(
		diskFiles.packageDirectory,
		"models/starter-chat/adapters",
	);
	return stringify({
		services: [
			{
				name: "starter-chat",
				options: existsSync(adapters) ? { loraDir: adapters } : {},
			},
			{ name: "starter-embed" },
			{ name: "starter-rerank" },
		],
		aliases: { default: "starter-chat" },
		applications:
			applicationProgram("rag-chatbot") === null ? [] : ["rag-chatbot"],
	});
}

function override(
	fleet: Fleet,
	host: string | undefined,
	port: number | null,
): Fleet {
	return {
		...fleet,
		gateway: {
			...fleet.gateway,
			host: host ?? fleet.gateway.host,
			port: port ?? fleet.gateway.port,
		},
	};
}

function portOf(given: string | undefined): number | null {
	if (given === undefined) return null;
	const port = given.trim() === "" ? Number.NaN : Number(given);
	if (Number.isInteger(port) && port >= 0 && port < 65_536) return port;
	throw new CommandFailure("--port is from 0 to 65535.", exitCodes.usage);
}

async function readText(path: string): Promise<string> {
	try {
		return await readFile(path, "utf8");
	} catch (cause) {
		throw new GalleyError(
			"invalid_configuration",
			`The fleet file ${path} can't be read.`,
			{ cause },
		);
	}
}
