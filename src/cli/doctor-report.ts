import { formatBytes, formatParameters } from "../models/byte-format.ts";
import type { Hardware } from "../models/hardware.ts";
import type { ModelDescription } from "../models/model-description.ts";
import type { Profile } from "../models/profile.ts";
import type { DeviceProbe } from "./engine-devices.ts";
import type { EnginePackageState } from "./engine-states.ts";
import {
	describeGpus,
	describeMemory,
	describeMissingEngine,
	describeProcessor,
} from "./hardware-rows.ts";
import { type Paint, wrapText } from "./terminal.ts";

export interface EngineReport extends DeviceProbe {
	name: string;
	packageVersion: string;
}

export interface ModelReport {
	reference: string;
	path: string | null;
	description: ModelDescription | null;
	profile: Profile | null;
	failure: string | null;
}

export interface DoctorReport {
	version: string;
	node: string;
	hardware: Hardware;
	engines: readonly EngineReport[];
	/** Those that exist for this platform and aren't installed. */
	missingEngines?: readonly EnginePackageState[];
	port: { number: number; failure: string | null };
	dataDirectory: string;
	models: readonly ModelReport[];
	warnings: readonly string[];
	/** What keeps a model from being served. */
	problems: readonly string[];
}

const lowestNode: readonly [major: number, minor: number] = [20, 19];

/** What stands between this machine and a served model; empty when all is well. */
export function problemsOf(report: DoctorReport): string[] {
	const problems: string[] = [];
	const [major = 0, minor = 0] = report.node.split(".").map(Number);
	if (
		major < lowestNode[0] ||
		(major === lowestNode[0] && minor < lowestNode[1])
	) {
		problems.push(
			`Node ${report.node} is too old; Galley needs ${lowestNode.join(".")} or newer.`,
		);
	}
	if (report.engines.length === 0)
		problems.push("No engine is installed; run galley engines list.");
	for (const { name, failure, devices } of report.engines) {
		if (failure !== null)
			problems.push(`The engine ${name} does not load: ${failure}`);
		else if (devices.length === 0)
			problems.push(`The engine ${name} finds nothing to compute on.`);
	}
	if (report.port.failure !== null) {
		problems.push(
			`Port ${report.port.number} can't be had: ${report.port.failure}. Another one works with --port.`,
		);
	}
	for (const { reference, failure } of report.models)
		if (failure !== null) problems.push(`${reference}: ${failure}`);
	return problems;
}

export function formatDoctorReport(
	report: DoctorReport,
	paint: Paint,
	width: number,
): string {
	const { hardware, engines, models, problems, warnings } = report;
	const rows: [string, string][] = [
		[
			"Galley",
			`${report.version}, Node ${report.node}, ${hardware.platform} ${hardware.architecture}`,
		],
		["Processor", describeProcessor(hardware)],
		["Memory", describeMemory(hardware)],
		...describeGpus(hardware),
		...engines.map((engine): [string, string] => [
			"Engine",
			describeEngine(engine),
		]),
		...(report.missingEngines ?? []).map((engine): [string, string] => [
			"Engine",
			describeMissingEngine(engine),
		]),
		[
			"Port",
			`${report.port.number} ${report.port.failure === null ? "is free" : report.port.failure}`,
		],
		["Data", report.dataDirectory],
	];
	const label = Math.max(...rows.map(([name]) => name.length)) + 2;
	const indent = " ".repeat(label);
	const row = (name: string, text: string) =>
		`${paint("dim", name.padEnd(label))}${wrapText(text, Math.max(40, width - label), indent)}`;
	const lines = rows.map(([name, text]) => row(name, text));
	for (const model of models) {
		lines.push("", `${paint("bold", model.reference)}${describeModel(model)}`);
		if (model.profile !== null) lines.push(row("", model.profile.explanation));
		if (model.failure !== null)
			lines.push(row("", paint("red", model.failure)));
	}
	for (const warning of warnings)
		lines.push("", paint("yellow", wrapText(warning, width)));
	lines.push("");
	if (problems.length === 0)
		lines.push(paint("green", "Nothing is in the way."));
	else
		lines.push(
			...problems.map(
				(problem) =>
					`${paint("red", "problem")} ${wrapText(problem, width - 8, " ".repeat(8))}`,
			),
		);
	return lines.join("\n");
}

function describeEngine({
	name,
	packageVersion,
	release,
	devices,
	failure,
}: EngineReport): string {
	if (failure !== null) return `${name} ${packageVersion}: ${failure}`;
	const found = devices.map((device) => {
		const memory =
			device.type === "cpu"
				? ""
				: `, ${formatBytes(device.memoryFreeBytes)} free`;
		return `${device.name} (${device.description.trim()}${memory})`;
	});
	return `llama.cpp ${release ?? "unknown"} (${name} ${packageVersion}): ${found.join(", ") || "no device"}`;
}

function describeModel({ description }: ModelReport): string {
	if (description === null) return "";
	const { parameters, precision, sizeBytes, license } = description;
	const terms = license === null ? "" : `, ${license}`;
	// Such memory can't be cut: what is cached of one prompt is of no use to another.
	const isCut = !description.isRecurrent && description.slidingWindow === null;
	const sharing = isCut ? "" : "; served without prefix sharing";
	return `  ${formatParameters(parameters)} parameters, ${precision}, ${formatBytes(sizeBytes)}${terms}${sharing}`;
}
