import { createServer } from "node:net";
import type { Command } from "commander";
import { dataDirectory } from "../config/data-directory.ts";
import {
	resolveServiceConfig,
	type ServiceConfig,
} from "../config/service-config.ts";
import { type Hardware, readHardware } from "../models/hardware.ts";
import { describeModel } from "../models/model-description.ts";
import {
	parseModelReference,
	starterModels,
} from "../models/model-reference.ts";
import { type Accelerator, selectProfile } from "../models/profile.ts";
import { commandSummaries } from "./command-table.ts";
import {
	type DoctorReport,
	type EngineReport,
	formatDoctorReport,
	type ModelReport,
	problemsOf,
} from "./doctor-report.ts";
import {
	installedPackages,
	probeDevices,
	toAccelerator,
} from "./engine-devices.ts";
import { exitCodes } from "./exit-codes.ts";
import { packageVersion } from "./package-version.ts";
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
	const { engines, accelerator } = await inspectEngines();
	const references = models.length > 0 ? models : [...starterModels.keys()];
	const report: DoctorReport = {
		version: packageVersion(),
		node: process.versions.node,
		hardware,
		engines,
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

async function inspectEngines(): Promise<{
	engines: EngineReport[];
	accelerator: Accelerator | null;
}> {
	const installed = installedPackages();
	const engines: EngineReport[] = [];
	let accelerator: Accelerator | null = null;
	for (const [index, engine] of installed.entries()) {
		const probe = await probeDevices(engine.name);
		engines.push({
			name: engine.name,
			packageVersion: engine.version,
			...probe,
		});
		if (index === 0) accelerator = toAccelerator(engine, probe);
	}
	return { engines, accelerator };
}

async function inspectModel(
	reference: string,
	hardware: Hardware,
	config: ServiceConfig,
	accelerator: Accelerator | null,
): Promise<ModelReport> {
	try {
		const { path, kind } = parseModelReference(reference);
		if (kind === "fake")
			return {
				reference,
				path,
				description: null,
				profile: null,
				failure: null,
			};
		const description = await describeModel(path);
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
