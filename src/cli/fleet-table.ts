import type {
	FleetStatus,
	ReplicaStatus,
	ServiceStatus,
} from "../gateway/fleet/fleet-status.ts";
import { alignColumns, type Paint, withoutControls } from "./terminal.ts";

/** A fleet's status as people read it: a row for each replica. */
export function fleetTable(status: FleetStatus, paint: Paint): string {
	const { services, upstreams, applications, aliases } = status;
	const blocks = [
		services.length === 0
			? "No services."
			: alignColumns([
					[
						"SERVICE",
						"REPLICA",
						"STATE",
						"PID",
						"AGE",
						"MEMORY",
						"LOAD",
						"DEATHS",
						"NOTE",
					],
					...services.flatMap(serviceRows),
				]),
		table(
			["UPSTREAM", "STATE", "ADDRESS", "MODELS"],
			upstreams.map(({ name, state, url, models }) => [
				name,
				state,
				url,
				models.join(", "),
			]),
		),
		table(
			["APPLICATION", "STATE", "PID", "AGE", "ADDRESS"],
			applications.map(({ name, phase, pid, ageSeconds, url }) => [
				name,
				phase,
				pid === null ? "-" : String(pid),
				pid === null ? "-" : toAge(ageSeconds),
				url,
			]),
		),
		aliases.length === 0 ? "" : `Aliases: ${aliases.join(", ")}`,
	];
	return blocks
		.filter((block) => block !== "")
		.map((block) =>
			block
				.split("\n")
				// Names and reasons may come from anywhere.
				.map(withoutControls)
				.map((line, index) =>
					index === 0 && /^[A-Z]+ /.test(line) ? paint("bold", line) : line,
				)
				.join("\n"),
		)
		.join("\n\n");
}

function table(head: string[], rows: string[][]): string {
	return rows.length === 0 ? "" : alignColumns([head, ...rows]);
}

function serviceRows(service: ServiceStatus): string[][] {
	const { name, state, model, replicas, problem } = service;
	const note = [model === name ? "" : model, problem ?? ""].filter(
		(part) => part !== "",
	);
	const dash = "-";
	if (replicas.every(({ phase }) => phase === "stopped"))
		return [[name, dash, state, dash, dash, dash, dash, dash, note.join("; ")]];
	return replicas.map((replica, index) => [
		index === 0 ? name : "",
		replica.id.slice(replica.id.lastIndexOf("/") + 1),
		replica.phase,
		replica.pid === null ? dash : String(replica.pid),
		replica.pid === null ? dash : toAge(replica.ageSeconds),
		replica.memoryBytes === null ? dash : toMegabytes(replica.memoryBytes),
		String(replica.outstandingTokens),
		String(replica.deaths),
		[...noteOf(replica), ...(index === 0 ? note : [])].join("; "),
	]);
}

function noteOf(replica: ReplicaStatus): string[] {
	const { answers } = replica;
	return answers.state === "ok"
		? progressNote(replica)
		: [`${answers.state} (${answers.reason})`, ...progressNote(replica)];
}

function progressNote({ reason, progress }: ReplicaStatus): string[] {
	if (progress !== null) {
		const { stage, fraction, etaSeconds } = progress;
		const share = fraction === null ? "" : ` ${Math.round(fraction * 100)} %`;
		const eta = etaSeconds === null ? "" : `, ${toAge(etaSeconds)} left`;
		return [`${stage}${share}${eta}`];
	}
	return reason === null ? [] : [reason];
}

export function toAge(seconds: number): string {
	if (seconds < 100) return `${Math.round(seconds)} s`;
	if (seconds < 6000) return `${Math.round(seconds / 60)} min`;
	return seconds < 172_800
		? `${Math.round(seconds / 3600)} h`
		: `${Math.round(seconds / 86_400)} d`;
}

function toMegabytes(bytes: number): string {
	const mega = bytes / 1_000_000;
	return mega < 1000
		? `${Math.round(mega)} MB`
		: `${(mega / 1000).toFixed(1)} GB`;
}
