import type { Command } from "commander";
import type { FleetStatus } from "../gateway/fleet/fleet-status.ts";
import { commandSummaries } from "./command-table.ts";
import { exitCodes } from "./exit-codes.ts";
import { fleetTable } from "./fleet-table.ts";
import { openFullScreen } from "./full-screen.ts";
import {
	addGatewayFlags,
	type GatewayClient,
	type GatewayFlags,
	openGateway,
} from "./gateway-client.ts";
import { createPaint } from "./terminal.ts";
import { untilInterrupted } from "./until-interrupted.ts";

interface PsFlags extends GatewayFlags {
	json?: boolean;
	watch?: boolean;
}

const watchMs = 1000;

export function registerPsCommand(program: Command): void {
	addGatewayFlags(
		program
			.command("ps")
			.description(commandSummaries.ps)
			.option("--json", "for machines; with --watch an object a second")
			.option("-w, --watch", "go on showing it until q or Ctrl-C"),
	).action(async (flags: PsFlags) => {
		process.exitCode = await ps(flags);
	});
}

async function ps(flags: PsFlags): Promise<number> {
	await using client = openGateway(flags, process.env);
	const { stdout } = process;
	const paint = createPaint(stdout, process.env);
	const show = (status: FleetStatus) =>
		flags.json === true ? JSON.stringify(status) : fleetTable(status, paint);
	const first = await read(client);
	if (flags.watch !== true) {
		stdout.write(`${show(first)}\n`);
		return exitCodes.ok;
	}
	using end = untilInterrupted();
	if (stdout.isTTY !== true || flags.json === true) {
		for await (const status of looks(client, first, end.signal))
			stdout.write(`${show(status)}\n${flags.json === true ? "" : "\n"}`);
		return end.exitCode;
	}
	let shown = first;
	const draw = () => screen.draw([...show(shown).split("\n"), "", "q quits"]);
	using screen = openFullScreen({
		output: stdout,
		input: process.stdin,
		onKey: (key) => {
			if (key === "q" || key === "Q") end.quit();
			// In raw mode Ctrl-C is a key like any other.
			if (key === "\u0003") end.interrupt();
		},
		onResize: draw,
	});
	for await (const status of looks(client, first, end.signal)) {
		shown = status;
		draw();
	}
	return end.exitCode;
}

async function* looks(
	client: GatewayClient,
	first: FleetStatus,
	signal: AbortSignal,
): AsyncGenerator<FleetStatus> {
	yield first;
	for (;;) {
		await new Promise<void>((resolve) => {
			const timer = setTimeout(resolve, watchMs);
			signal.addEventListener(
				"abort",
				() => {
					clearTimeout(timer);
					resolve();
				},
				{ once: true },
			);
		});
		if (signal.aborted) return;
		yield await read(client);
	}
}

function read(client: GatewayClient): Promise<FleetStatus> {
	return client.call<FleetStatus>("GET", "/v1/fleet");
}
