import type { Command } from "commander";
import { toKebabCase } from "../config/option.ts";
import { describeOrigin } from "../config/origin.ts";
import { resolveServiceConfig } from "../config/service-config.ts";
import { serviceOptionNames } from "../config/service-options.ts";
import type { ServiceState } from "../core/language-service.ts";
import { createLogger, type Logger } from "../observability/logger.ts";
import { commandSummaries } from "./command-table.ts";
import { exitCodes } from "./exit-codes.ts";
import { type ModelPlan, planModel } from "./model-plan.ts";
import { type RunningService, serveModel } from "./serve-model.ts";
import { addServiceFlags } from "./service-flags.ts";

export function registerRunCommand(program: Command): void {
	const command = program
		.command("run")
		.argument("[model]", "a GGUF file or a starter model's name")
		.description(commandSummaries.run);
	addServiceFlags(command, "run")
		.option("--dry-run", "show every setting and where it came from, and stop")
		.action(
			async (model: string | undefined, flags: Record<string, unknown>) => {
				process.exitCode = await run(
					{ ...flags, model },
					flags.dryRun === true,
				);
			},
		);
}

async function run(
	flags: Record<string, unknown>,
	isDryRun: boolean,
): Promise<number> {
	const asked = resolveServiceConfig({ flags, environment: process.env });
	const plan = await planModel(asked);
	const { config } = plan;
	if (isDryRun) {
		process.stdout.write(dryRunText(plan));
		return exitCodes.ok;
	}
	const logger = createLogger({
		level: config.logLevel,
		format: config.logFormat,
		destination: process.stderr,
	});
	for (const warning of config.warnings) logger.warn({}, warning);
	logger.info({ profile: plan.facts.profile.name }, plan.explanation);
	const service = await serveModel(plan, config, logger);
	const stopped = stopOnSignal(service, logger);
	try {
		logger.info(
			{ address: service.address },
			`Listening on ${service.address}; loading ${plan.name}.`,
		);
		await announceReady(service, plan, logger);
	} catch (error) {
		await service.stop();
		throw error;
	}
	return stopped;
}

async function announceReady(
	service: RunningService,
	plan: ModelPlan,
	logger: Logger,
): Promise<void> {
	service.model.onState(progressLogger(logger));
	const info = await service.model.whenReady();
	logger.info(
		{
			model: plan.name,
			engine: info.engine,
			version: info.version,
			device: info.devices.join(", "),
		},
		`Ready: ${plan.name} answers at ${service.address}/v1 (API reference at ${service.address}/docs).`,
	);
}

/** A large model takes a while: one line every ten per cent says that it is getting on. */
function progressLogger(logger: Logger): (state: ServiceState) => void {
	let said = 0;
	return (state) => {
		if (state.phase !== "loading" || state.progress - said < 0.1) return;
		said = state.progress;
		const left =
			state.etaSeconds === null
				? ""
				: `, ${Math.ceil(state.etaSeconds)} s left`;
		logger.info({}, `Loading: ${Math.round(state.progress * 100)} %${left}.`);
	};
}

/** Resolves with the exit code when the service has been told to stop and has stopped. */
function stopOnSignal(
	service: RunningService,
	logger: Logger,
): Promise<number> {
	return new Promise((resolve, reject) => {
		let isStopping = false;
		const stop = (why: string) => {
			// A second Ctrl-C means now.
			if (isStopping) process.exit(exitCodes.interrupted);
			isStopping = true;
			logger.info({}, `${why}: finishing what runs, taking nothing new.`);
			service.stop().then(() => resolve(exitCodes.ok), reject);
		};
		process.on("SIGINT", () => stop("Interrupted"));
		process.on("SIGTERM", () => stop("Asked to end"));
		// Started by another command of ours: when that is gone, nobody needs this service.
		if (process.connected) process.on("disconnect", () => stop("Left alone"));
	});
}

function dryRunText({ config, explanation }: ModelPlan): string {
	const values: Readonly<Record<string, unknown>> = { ...config };
	const rows = serviceOptionNames
		.filter((name) => name in values)
		.map((name) => [
			toKebabCase(name),
			shown(values[name]),
			describeOrigin(config.origins[name]),
		]);
	const width = (column: number) =>
		Math.max(...rows.map((row) => (row[column] ?? "").length));
	const [first, second] = [width(0), width(1)];
	const lines = rows.map(
		([name = "", value = "", origin = ""]) =>
			`${name.padEnd(first)}  ${value.padEnd(second)}  ${origin}`,
	);
	return `${lines.join("\n")}\n\n${explanation}\n`;
}

function shown(value: unknown): string {
	if (value === null) return "-";
	return Array.isArray(value) ? value.join(",") || "-" : String(value);
}
