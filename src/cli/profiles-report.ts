import { basename } from "node:path";
import { formatBytes, formatParameters } from "../models/byte-format.ts";
import type { Hardware } from "../models/hardware.ts";
import type { ListedProfile } from "../models/profile-list.ts";
import type { EnginePackageState } from "./engine-states.ts";
import { describeHardware } from "./hardware-rows.ts";
import { alignColumns, type Paint, wrapText } from "./terminal.ts";

export interface ProfilesReport {
	reference: string;
	/** Nothing of it is on this machine yet. */
	isRemote: boolean;
	hardware: Hardware;
	engines: readonly EnginePackageState[];
	/** The best first. */
	profiles: readonly ListedProfile[];
	/** What `galley run` would take. */
	chosen: ListedProfile | null;
	/** Why it would take none. */
	failure: string | null;
	warnings: readonly string[];
}

/** Letters of an id that are shown; as many are enough for `--profile`. */
const idLetters = 12;

const groups = [
	["compatible", "Compatible and runnable"],
	["low-memory", "Low memory: they run with less"],
	["incompatible", "Incompatible"],
] as const;

export function formatProfiles(
	report: ProfilesReport,
	paint: Paint,
	width: number,
): string {
	const { profiles, chosen, failure, warnings } = report;
	const lines = [
		paint("bold", "This machine"),
		...alignColumns(
			describeHardware(report.hardware, report.engines).map(([name, text]) => [
				`  ${name}`,
				text,
			]),
		)
			.split("\n")
			.map((line) => line),
	];
	const [first] = profiles;
	if (first !== undefined) {
		const { name, architecture, parameters, trainedContextLength } =
			first.model;
		const context =
			trainedContextLength === null
				? ""
				: `, trained for ${trainedContextLength} tokens`;
		lines.push(
			"",
			`${paint("bold", name)}  ${architecture}, ${formatParameters(parameters)} parameters${context}`,
		);
	}
	for (const [fit, title] of groups) {
		const members = profiles.filter((profile) => profile.fit === fit);
		if (members.length === 0) continue;
		lines.push("", paint("bold", title));
		lines.push(...formatGroup(members, chosen, paint, width));
	}
	lines.push("");
	if (chosen?.profile != null) {
		lines.push(
			wrapText(`Chosen: ${chosen.profile.explanation}`, width),
			...(report.isRemote
				? [
						wrapText(
							`It has to be downloaded first: ${formatBytes(chosen.model.sizeBytes)}.`,
							width,
						),
					]
				: []),
		);
	} else if (failure !== null)
		lines.push(paint("red", wrapText(`None is chosen: ${failure}`, width)));
	for (const warning of warnings)
		lines.push("", paint("yellow", wrapText(warning, width)));
	return lines.join("\n");
}

function formatGroup(
	members: readonly ListedProfile[],
	chosen: ListedProfile | null,
	paint: Paint,
	width: number,
): string[] {
	const rows = members.map((member) => [
		member === chosen || isSame(member, chosen) ? "*" : " ",
		member.id.slice(0, idLetters),
		member.name,
		...(member.fit === "incompatible" ? [] : needs(member)),
		basename(member.source),
	]);
	return alignColumns(rows)
		.split("\n")
		.flatMap((line, index) => {
			const reason = members[index]?.reason ?? null;
			return reason === null
				? [line]
				: [
						line,
						paint("dim", `     ${wrapText(reason, width - 5, " ".repeat(5))}`),
					];
		});
}

function isSame(member: ListedProfile, chosen: ListedProfile | null): boolean {
	return member.id === chosen?.id && member.source === chosen.source;
}

function needs({ profile }: ListedProfile): string[] {
	if (profile === null) return ["", ""];
	const { memory, settings } = profile;
	return [
		`${formatBytes(memory.totalBytes)} of ${formatBytes(memory.availableBytes)}`,
		`${settings.contextLength} tokens x ${settings.maxSequences}`,
	];
}
