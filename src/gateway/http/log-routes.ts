import { z } from "zod";
import { GalleyError } from "../../core/errors.ts";
import type { FleetStatus } from "../fleet/fleet-status.ts";
import { LogFile, lastLines } from "../replicas/log-file.ts";
import { readLogLine } from "../replicas/log-line.ts";
import type { RunDirectory } from "../replicas/run-directory.ts";
import type { OwnCall, OwnRoute } from "./own-route.ts";

export interface LogRouteParts {
	directory: RunDirectory;
	status(): FleetStatus;
}

export interface LoggedLine {
	/** ISO 8601; that of the line before where a line has none; null where none has one. */
	at: string | null;
	replica: string;
	level: string | null;
	text: string;
}

const usualLines = 200;
const mostLines = 10_000;
const keepAliveMs = 15_000;

/** For the description: what is wrong is told in its own words below. */
const query = z.object({
	lines: z
		.int()
		.min(0)
		.max(mostLines)
		.default(usualLines)
		.describe("So many of the last lines."),
	replica: z
		.string()
		.optional()
		.describe("Only this replica's: its number or its id."),
	follow: z
		.enum(["true", "false"])
		.default("false")
		.describe("Server-sent events that go on."),
});

/** What services and applications write. */
export function logRoutes(parts: LogRouteParts): OwnRoute[] {
	return [
		{
			method: "GET",
			path: "/v1/fleet/services/:name/logs",
			scope: "read",
			summary:
				"What a service or an application has written, and what it writes from now on",
			details: {
				query,
				returns:
					"{lines: [{at, replica, level, text}]}; with follow=true server-sent events, a line each.",
			},
			async answer(call) {
				const { url, parameters } = call;
				const logs = logsOf(parts, parameters.name ?? "", url);
				const lines = await gather(logs, countOf(url));
				if (url.searchParams.get("follow") !== "true")
					return { body: { lines } };
				stream(call, logs, lines);
				return "written";
			},
		},
	];
}

interface ReplicaLog {
	replica: string;
	path: string;
}

/** Of the replicas that there are, and of those that went lately. */
function logsOf(
	{ directory, status }: LogRouteParts,
	name: string,
	url: URL,
): ReplicaLog[] {
	const { services, applications } = status();
	const isApplication = applications.some((one) => one.name === name);
	if (!isApplication && !services.some((service) => service.name === name))
		throw new GalleyError(
			"not_found",
			`There is no service or application '${name}' in this fleet.`,
			{ param: "name" },
		);
	const owner = isApplication ? `application:${name}` : name;
	const logs = directory
		.logs(owner)
		.map(({ number, path }) => ({ replica: `${name}/${number}`, path }));
	const wanted = url.searchParams.get("replica");
	if (wanted === null) return logs;
	const chosen = logs.filter(
		({ replica }) => replica === wanted || replica === `${name}/${wanted}`,
	);
	if (chosen.length > 0) return chosen;
	throw new GalleyError(
		"not_found",
		`'${name}' has no log of a replica '${wanted}'; it has: ${logs.map(({ replica }) => replica).join(", ") || "none"}.`,
		{ param: "replica" },
	);
}

function countOf({ searchParams }: URL): number {
	const given = searchParams.get("lines");
	const count = given === null ? usualLines : Number(given);
	if (Number.isInteger(count) && count >= 0 && count <= mostLines) return count;
	throw new GalleyError(
		"invalid_request",
		`'lines' is a whole number from 0 to ${mostLines}.`,
		{ param: "lines" },
	);
}

async function gather(
	logs: readonly ReplicaLog[],
	count: number,
): Promise<LoggedLine[]> {
	if (count === 0) return [];
	const each = await Promise.all(
		logs.map(async ({ replica, path }) => {
			let at: string | null = null;
			return (await lastLines(path, count)).map((line): LoggedLine => {
				const read = readLogLine(line);
				at = read.at ?? at;
				return { ...read, at, replica };
			});
		}),
	);
	// A stable sort: lines of one replica keep their order.
	return each
		.flat()
		.sort((left, right) => (left.at ?? "").localeCompare(right.at ?? ""))
		.slice(-count);
}

/** Server-sent events, a line each: first those that there are, then each as it comes, until the reader leaves. */
function stream(
	{ response }: OwnCall,
	logs: readonly ReplicaLog[],
	lines: readonly LoggedLine[],
): void {
	response.writeHead(200, {
		"content-type": "text/event-stream",
		"cache-control": "no-store",
	});
	// Nothing may be written for hours; who waits wants to know that it is heard.
	response.flushHeaders();
	const write = (line: LoggedLine) => {
		// Who reads slowly misses lines; the files have them.
		if (!response.writableNeedDrain)
			response.write(`data: ${JSON.stringify(line)}\n\n`);
	};
	for (const line of lines) response.write(`data: ${JSON.stringify(line)}\n\n`);
	const followed = logs.map(({ replica, path }) => {
		const file = new LogFile({
			path,
			// Whoever owns the log keeps it short.
			maxBytes: Number.POSITIVE_INFINITY,
			onLine: (line) => {
				const read = readLogLine(line);
				const at = read.at ?? new Date().toISOString();
				write({ ...read, at, replica });
			},
		});
		file.follow();
		return file;
	});
	const alive = setInterval(() => response.write(": alive\n\n"), keepAliveMs);
	response.once("close", () => {
		clearInterval(alive);
		for (const file of followed) void file.close();
	});
}
