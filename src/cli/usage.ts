import { type Command, Option } from "commander";
import {
	type ReportRow,
	toUsageCsv,
	type UsageDimension,
} from "../gateway/usage/usage-report.ts";
import { commandSummaries } from "./command-table.ts";
import {
	addGatewayFlags,
	type GatewayFlags,
	openGateway,
} from "./gateway-client.ts";
import { short } from "./key-table.ts";
import { alignColumns, withoutControls } from "./terminal.ts";

interface UsageFlags extends GatewayFlags {
	by: string;
	from?: string;
	to?: string;
	key?: string;
	csv?: boolean;
	json?: boolean;
}

interface UsageAnswer {
	from: string;
	to: string;
	by: UsageDimension[];
	rows: ReportRow[];
}

export function registerUsageCommand(program: Command): void {
	addGatewayFlags(
		program
			.command("usage")
			.summary(commandSummaries.usage)
			.description(
				"Shows what was used by whole hours, the last 30 days unless told otherwise. Keys without the scope admin see their own.",
			)
			.option("--by <list>", "of key, model, tenant, day, hour", "model")
			.option("--from <time>", "2026-11-01, or with a time of day")
			.option("--to <time>", "likewise, not included")
			.option("--key <id>", "only this key's")
			.addOption(
				new Option("--csv", "comma-separated values").conflicts("json"),
			)
			.option("--json", "for machines"),
	).action(async (flags: UsageFlags) => {
		await using client = openGateway(flags, process.env);
		const query = new URLSearchParams({ by: flags.by });
		for (const name of ["from", "to", "key"] as const) {
			const value = flags[name];
			if (value !== undefined) query.set(name, value);
		}
		const answer = await client.call<UsageAnswer>("GET", `/v1/usage?${query}`);
		process.stdout.write(
			flags.csv === true
				? toUsageCsv(answer.rows, answer.by)
				: flags.json === true
					? `${JSON.stringify(answer)}\n`
					: `${formatUsage(answer)}\n`,
		);
	});
}

export function formatUsage({ from, to, by, rows }: UsageAnswer): string {
	const head = [
		...by.map((dimension) => dimension.toUpperCase()),
		"REQUESTS",
		"ERRORS",
		"PROMPT",
		"CACHED",
		"ANSWER",
		"SECONDS",
		"USD",
	];
	const lines = rows.map((row) => [
		...by.map((dimension) =>
			withoutControls(
				dimension === "key" ? nameOf(row) : (row[dimension] ?? ""),
			),
		),
		String(row.requests),
		String(row.errors),
		short(row.promptTokens),
		short(row.cachedTokens),
		short(row.completionTokens),
		row.seconds.toFixed(1),
		row.costUsd === null ? "-" : row.costUsd.toFixed(4),
	]);
	const time = `From ${from.slice(0, 16).replace("T", " ")} to ${to.slice(0, 16).replace("T", " ")} UTC`;
	if (rows.every(({ requests }) => requests === 0))
		return `${time}: nothing was used.`;
	const estimated = rows.reduce((sum, row) => sum + row.estimated, 0);
	return [
		time,
		"",
		alignColumns([head, ...lines]),
		...(estimated === 0
			? []
			: [
					"",
					`The tokens of ${estimated} requests are estimated: their answers broke off, or told none.`,
				]),
	].join("\n");
}

function nameOf({ key = "", keyName = key }: ReportRow): string {
	return keyName === key ? key : `${keyName} (${key})`;
}
