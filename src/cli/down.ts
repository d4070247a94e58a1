import { setTimeout as delay } from "node:timers/promises";
import { type Command, Option } from "commander";
import {
	isAlive,
	type ProcessIdentity,
	sendSignal,
} from "../gateway/replicas/process-identity.ts";
import {
	livingProcesses,
	readGatewayRecord,
} from "../gateway/replicas/run-directory.ts";
import { commandSummaries } from "./command-table.ts";
import { CommandFailure, exitCodes } from "./exit-codes.ts";
import { runDirectories } from "./gateway-client.ts";

interface DownFlags {
	port?: string;
}

/** Longer than a service may take to finish its requests. */
const limitMs = 90_000;
const lookMs = 100;

export function registerDownCommand(program: Command): void {
	program
		.command("down")
		.description(commandSummaries.down)
		.addOption(
			new Option(
				"--port <number>",
				"the gateway of this port, where several run",
			),
		)
		.action(async (flags: DownFlags) => {
			process.exitCode = await down(flags);
		});
}

/** Ends the gateway, which ends its services; and services whose gateway was killed. */
async function down({ port }: DownFlags): Promise<number> {
	const directories = runDirectories(process.env).filter(
		(path) => port === undefined || path.endsWith(`/${port}`),
	);
	const gateways = directories.flatMap((path) => readGatewayRecord(path) ?? []);
	if (gateways.length > 1)
		throw new CommandFailure(
			`Several gateways run here; name one with --port: ${gateways.map(({ address }) => address).join(", ")}.`,
			exitCodes.usage,
		);
	const [gateway] = gateways;
	if (gateway !== undefined) {
		process.stdout.write(`${gateway.address} is finishing what runs ...\n`);
		await end([gateway]);
	}
	const left = directories
		.filter((path) => readGatewayRecord(path) === null)
		.flatMap(livingProcesses);
	if (left.length > 0) {
		process.stdout.write(
			`Ending ${left.length} that a killed gateway left: ${left.map(({ id }) => id).join(", ")}.\n`,
		);
		await end(left);
	}
	process.stdout.write(
		gateway === undefined && left.length === 0
			? "Nothing runs: no gateway of yours, and no service that one left.\n"
			: "All has ended.\n",
	);
	return exitCodes.ok;
}

/** Asks, waits, and at last kills. */
async function end(processes: readonly ProcessIdentity[]): Promise<void> {
	for (const one of processes) sendSignal(one, "SIGTERM");
	const until = performance.now() + limitMs;
	while (processes.some(isAlive) && performance.now() < until)
		await delay(lookMs);
	for (const one of processes) sendSignal(one, "SIGKILL", "group");
}
