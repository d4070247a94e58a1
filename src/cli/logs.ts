import { type Command, InvalidArgumentError } from "commander";
import type { LoggedLine } from "../gateway/http/log-routes.ts";
import { commandSummaries } from "./command-table.ts";
import { exitCodes } from "./exit-codes.ts";
import {
	addGatewayFlags,
	type GatewayFlags,
	openGateway,
} from "./gateway-client.ts";
import { createPaint, type Paint, withoutControls } from "./terminal.ts";
import { untilInterrupted } from "./until-interrupted.ts";

interface LogFlags extends GatewayFlags {
	follow?: boolean;
	replica?: string;
	lines: number;
	json?: boolean;
}

export function registerLogsCommand(program: Command): void {
	addGatewayFlags(
		program
			.command("logs")
			.description(commandSummaries.logs)
			.argument("<service>", "a service or an application of the fleet")
			.option("-f, --follow", "go on with what comes, until Ctrl-C")
			.option("--replica <number>", "of this replica only")
			.option("-n, --lines <count>", "so many of the last ones", count, 200)
			.option("--json", "an object a line"),
	).action(async (service: string, flags: LogFlags) => {
		process.exitCode = await logs(service, flags);
	});
}

async function logs(service: string, flags: LogFlags): Promise<number> {
	await using client = openGateway(flags, process.env);
	const query = new URLSearchParams({ lines: String(flags.lines) });
	if (flags.replica !== undefined) query.set("replica", flags.replica);
	const path = `/v1/fleet/services/${encodeURIComponent(service)}/logs`;
	const paint = createPaint(process.stdout, process.env);
	const print = (line: LoggedLine) =>
		process.stdout.write(
			flags.json === true
				? `${JSON.stringify(line)}\n`
				: `${formatLine(line, paint)}\n`,
		);
	if (flags.follow !== true) {
		const { lines } = await client.call<{ lines: LoggedLine[] }>(
			"GET",
			`${path}?${query}`,
		);
		for (const line of lines) print(line);
		return exitCodes.ok;
	}
	using end = untilInterrupted();
	query.set("follow", "true");
	for await (const line of client.events<LoggedLine>(
		`${path}?${query}`,
		end.signal,
	))
		print(line);
	return end.exitCode;
}

function formatLine(
	{ at, replica, level, text }: LoggedLine,
	paint: Paint,
): string {
	const time = at === null ? "" : `${toLocalTime(at)} `;
	const number = replica.slice(replica.lastIndexOf("/") + 1);
	const word = (level ?? "").toUpperCase().padEnd(5);
	const isBad = level === "error" || level === "fatal";
	const painted = isBad
		? paint("red", word)
		: level === "warn"
			? paint("yellow", word)
			: word;
	// What a service writes may have come from anywhere.
	const lines = text.split("\n").map(withoutControls).join("\n");
	return `${paint("dim", `${time}${number}`)} ${painted} ${lines}`;
}

function toLocalTime(iso: string): string {
	const date = new Date(iso);
	if (Number.isNaN(date.getTime())) return iso;
	const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
	return local.toISOString().replace("T", " ").slice(0, 23);
}

function count(text: string): number {
	const value = text.trim() === "" ? Number.NaN : Number(text);
	if (Number.isInteger(value) && value >= 0 && value <= 10_000) return value;
	throw new InvalidArgumentError("Write a whole number up to 10000.");
}
