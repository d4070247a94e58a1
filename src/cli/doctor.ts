import { createServer } from "node:net";
import type { Command } from "commander";
import { dataDirectory } from "../config/data-directory.ts";
import {
	resolveServiceConfig,
	type ServiceConfig,
} from "../config/service-config.ts";
import { GalleyError } from "../core/errors.ts";
import { type Hardware, readHardware } from "../models/hardware.ts";
import {
	describeModel,
	type ModelDescription,
} from "../models/model-description.ts";
import { languageStarters } from "../models/model-reference.ts";
import { type Accelerator, selectProfile } from "../models/profile.ts";
import { commandSummaries } from "./command-table.ts";
import {
	type DoctorReport,
	type EngineReport,
	formatDoctorReport,
	type ModelReport,
	problemsOf,
} from "./doctor-report.ts";
import { installedPackages } from "./engine-devices.ts";
import { type EnginePackageState, readEngineStates } from "./engine-states.ts";
import { exitCodes } from "./exit-codes.ts";
import { locateModel, type ModelLocation } from "./locate-model.ts";
import { packageVersion } from "./package-version.ts";
import { chooseRemote } from "./remote-choice.ts";
import { addServiceFlags } from "./service-flags.ts";
import { createPaint } from "./terminal.ts";

export function registerDoctorCommand(program: Command): void {
	const command = program
		.command("doctor")
		.description(
			`${commandSummaries.doctor}; exit code 1 when something is in the way`,
		)
		.argument("[models...]", "models to look at (default: the starter models)")
		.option("--json", "for machines");
	addServiceFlags(command, "doctor").action(doctor);
}

async function doctor(
	models: readonly string[],
	flags: { json?: boolean } & Record<string, unknown>,
): Promise<void> {
	const config = resolveServiceConfig({ flags, environment: process.env });
	const hardware = readHardware();
	const { engines, missingEngines, accelerator } =
		await inspectEngines(hardware);
	const references = models.length > 0 ? models : languageStarters();
	const report: DoctorReport = {
		version: packageVersion(),
		node: process.versions.node,
		hardware,
		engines,
		missingEngines,
		port: {
			number: config.port,
			failure: await portFailure(config.host, config.port),
		},
		dataDirectory: dataDirectory(process.env),
		models: await Promise.all(
			references.map((reference) =>
				inspectModel(reference, hardware, config, accelerator),
			),
		),
		warnings: config.warnings,
		problems: [],
	};
	report.problems = problemsOf(report);
	const text =
		flags.json === true
			? JSON.stringify(report, null, 2)
			: formatDoctorReport(
					report,
					createPaint(process.stdout, process.env),
					process.stdout.columns ?? 100,
				);
	process.stdout.write(`${text}\n`);
	if (report.problems.length > 0) process.exitCode = exitCodes.failure;
}

async function inspectEngines(hardware: Hardware): Promise<{
	engines: EngineReport[];
	missingEngines: EnginePackageState[];
	accelerator: Accelerator | null;
}> {
	const versions = new Map(
		installedPackages().map(({ name, version }) => [name, version]),
	);
	const states = await readEngineStates(hardware);
	const engines: EngineReport[] = [];
	for (const { packageName, probe } of states) {
		if (probe === null) continue;
		const packageVersion = versions.get(packageName) ?? "unknown";
		engines.push({ name: packageName, packageVersion, ...probe });
	}
	return {
		engines,
		missingEngines: states.filter(({ isInstalled }) => !isInstalled),
		// The preferred engine runs models, and only it.
		accelerator: states.find(({ isInstalled }) => isInstalled)?.gpu ?? null,
	};
}

async function inspectModel(
	reference: string,
	hardware: Hardware,
	config: ServiceConfig,
	accelerator: Accelerator | null,
): Promise<ModelReport> {
	try {
		const location = await locateModel(reference, config);
		if (location.kind === "fake")
			return {
				reference,
				path: location.path,
				description: null,
				profile: null,
				failure: null,
			};
		const { path, description } = await describeLocation(location, config);
		const profile = selectProfile({
			model: description,
			hardware,
			asked: config,
			accelerator,
		});
		return { reference, path, description, profile, failure: null };
	} catch (error) {
		const failure = error instanceof Error ? error.message : String(error);
		return { reference, path: null, description: null, profile: null, failure };
	}
}

async function describeLocation(
	location: Exclude<ModelLocation, { kind: "fake" }>,
	config: ServiceConfig,
): Promise<{ path: string; description: ModelDescription }> {
	if (location.kind === "here") {
		const { path } = location;
		return { path, description: await describeModel(path) };
	}
	if (location.kind === "away" && location.reference.kind === "hub") {
		const { reference, sources } = location;
		const { variant, description } = await chooseRemote(
			reference,
			sources,
			config,
		);
		if (description !== null) return { path: variant.mainFile, description };
	}
	throw new GalleyError(
		"model_not_found",
		"What this model needs is only known when it is here as GGUF: run it, or galley pull and galley convert it.",
	);
}

/** Null when the port can be had. */
function portFailure(host: string, port: number): Promise<string | null> {
	return new Promise((resolve) => {
		const server = createServer();
		server.once("error", (error: NodeJS.ErrnoException) => {
			resolve(
				error.code === "EADDRINUSE"
					? "another program listens there"
					: error.message,
			);
		});
		server.listen({ host, port, exclusive: true }, () =>
			server.close(() => resolve(null)),
		);
	});
}
