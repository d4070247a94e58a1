import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Command, Option } from "commander";
import { dataDirectory } from "../config/data-directory.ts";
import { toKebabCase } from "../config/option.ts";
import type { Fleet } from "../gateway/fleet/fleet-file.ts";
import { RunningFleet } from "../gateway/fleet/running-fleet.ts";
import { readConsoleFiles } from "../gateway/http/console-files.ts";
import { LateDatabase } from "../gateway/late-database.ts";
import { gatewayMigrations } from "../gateway/open-access.ts";
import { createLogger, toLogLevel } from "../observability/logger.ts";
import { openDatabase } from "../store/index.ts";
import { applicationProgram } from "./application-program.ts";
import { checkFleet } from "./check-fleet.ts";
import { type EndSignal, watchEndSignals } from "./end-signals.ts";
import { CommandFailure, exitCodes } from "./exit-codes.ts";
import { fleetCatalog } from "./fleet-catalog.ts";
import { FleetMemory } from "./fleet-memory.ts";
import { placeFleet } from "./fleet-ports.ts";
import {
	describeProblems,
	type FleetSource,
	fleetSource,
} from "./fleet-source.ts";
import { gatewayDocuments } from "./gateway-documents.ts";
import { ownCommand } from "./own-command.ts";
import { packageVersion } from "./package-version.ts";
import { createPaint } from "./terminal.ts";
import { watchFleet } from "./watch-fleet.ts";

export interface UpOptions {
	host?: string;
	port?: string;
	check?: boolean;
	detach?: boolean;
	ownLog?: string;
	logLevel: string;
	logFormat: "text" | "json";
}

export function registerUpCommand(program: Command): void {
	program
		.command("up")
		.summary("start a fleet: services, and one gateway in front of them")
		.description(
			"Starts the services of a fleet file and the gateway in front of them. Without a file: fleet.yaml of this folder, or the starter models and the chatbot that shows them. While it runs the file is read again when it changes (and at SIGHUP where no terminal is attached).",
		)
		.argument("[file]", "the fleet file")
		.addOption(new Option("--host <address>", "instead of the file's"))
		.addOption(new Option("--port <number>", "instead of the file's"))
		.addOption(new Option("--check", "only say what is wrong with the file"))
		.addOption(
			new Option(
				"-d, --detach",
				"go on in the background; galley down ends it",
			),
		)
		.addOption(
			new Option("--log-level <level>", "how much to log").default("info"),
		)
		.addOption(
			new Option("--log-format <format>", "of the log")
				.choices(["text", "json"])
				.default("text"),
		)
		.addOption(new Option("--own-log <path>").hideHelp())
		.action(async (file: string | undefined, options: UpOptions) => {
			process.exitCode = await up(file, options);
		});
}

async function up(
	file: string | undefined,
	options: UpOptions,
): Promise<number> {
	const source = fleetSource(file, options, process.env);
	const fleet = await readOrFail(source);
	if (options.check === true) {
		process.stdout.write(
			`All is well: ${fleet.services.length} services, ${fleet.upstreams.length} upstreams, ${fleet.applications.length} applications.\n`,
		);
		return exitCodes.ok;
	}
	const keys = keyHashes(fleet, process.env.GALLEY_API_KEY);
	const runDirectory = runDirectoryOf(fleet);
	const placed = await placeFleet(fleet, runDirectory, source.path !== null);
	if (options.detach === true) {
		const { detach } = await import("./detach.ts");
		return detach(file, options, runDirectory);
	}
	return serve(source, placed, keys, runDirectory, options);
}

async function serve(
	source: FleetSource,
	fleet: Fleet,
	keys: readonly string[],
	runDirectory: string,
	options: UpOptions,
): Promise<number> {
	const logger = createLogger({
		level: toLogLevel(options.logLevel),
		format: options.logFormat,
		destination: process.stderr,
	});
	using ends = watchEndSignals();
	const data = dataDirectory(process.env);
	const catalog = fleetCatalog(process.env);
	const own = join(data, "gateway", String(fleet.gateway.port));
	const running = await RunningFleet.open({
		fleet,
		catalog,
		taskOf: catalog.taskOf,
		estimateMemory: new FleetMemory(process.env).estimate,
		jobDirectory: join(data, "jobs"),
		command: ownCommand(),
		environment: process.env,
		runDirectory,
		toOptionName: toKebabCase,
		keyHashes: keys,
		servicesOutlive: true,
		database: gatewayDatabase(join(own, "database"), join(data, "cache")),
		usageDirectory: join(own, "usage"),
		logger,
		version: packageVersion(),
		overlayPath: join(data, "deployed", `${fleet.gateway.port}.json`),
		readFleet: source.read,
		checkFleet: (whole) => checkFleet(whole, process.env),
		applicationData: join(data, "applications"),
		captureDirectory: join(data, "captured"),
		...(source.path === null ? {} : { fleetDirectory: dirname(source.path) }),
		applicationProgram,
		consoleFiles: readConsoleFiles(consoleDirectory()),
		documents: gatewayDocuments(),
	});
	using _watch = watchFleet(source, running.control, logger, options.ownLog);
	if (options.logFormat === "text")
		process.stdout.write(welcome(running, fleet));
	else logger.info({ address: running.address }, "The gateway listens.");
	void announceReady(running, logger, ends);
	await new Promise<void>((resolve) => {
		if (ends.signal.aborted) resolve();
		else ends.signal.addEventListener("abort", () => resolve());
	});
	logger.info({}, `${ends.reason}: finishing what runs, taking nothing new.`);
	await running.close();
	return exitCodes.ok;
}

/** Keys and usage: a gateway's own, or, where several work together, a server's. */
function gatewayDatabase(
	directory: string,
	cacheDirectory: string,
): LateDatabase {
	const url = process.env.GALLEY_DATABASE_URL?.trim() ?? "";
	return new LateDatabase(
		() =>
			openDatabase({
				...(url === "" ? { directory } : { url }),
				cacheDirectory,
				migrations: gatewayMigrations,
			}),
		{ isNew: url === "" && !existsSync(directory) },
	);
}

/** dist/console lies beside dist/cli; run from source, it is the last build. */
function consoleDirectory(): string {
	return fileURLToPath(new URL("../../dist/console", import.meta.url));
}

export function runDirectoryOf({ gateway: { port } }: Fleet): string {
	return join(dataDirectory(process.env), "run", String(port));
}

/** All that is wrong is said before anything starts. */
async function readOrFail(source: FleetSource): Promise<Fleet> {
	const { fleet, problems } = await source.read();
	if (fleet !== null) return fleet;
	throw new CommandFailure(
		describeProblems(source.path, problems),
		exitCodes.usage,
	);
}

/** Whoever can reach this port can use the models: beyond this machine that takes a key. */
function keyHashes(
	{ gateway: { host, keys: mode } }: Fleet,
	keys: string | undefined,
): string[] {
	const hashes = (keys ?? "")
		.split(",")
		.map((key) => key.trim())
		.filter((key) => key !== "")
		.map((key) => createHash("sha256").update(key).digest("hex"));
	const isLoopback = /^(127\.|localhost$|::1$|\[::1\]$)/.test(host);
	if (hashes.length === 0 && !isLoopback && mode !== "on")
		throw new CommandFailure(
			`${host} can be reached from other machines: set GALLEY_API_KEY, write "keys: on" under gateway in the fleet file, or listen on 127.0.0.1.`,
			exitCodes.usage,
		);
	return hashes;
}

/** Where to go, in a few lines. */
function welcome({ address, status }: RunningFleet, fleet: Fleet): string {
	const paint = createPaint(process.stdout, process.env);
	const rows = [
		...(fleet.console ? [["Console", address]] : []),
		["API", `${address}/v1`],
		["API reference", `${address}/docs`],
		...status.applications.map(({ title, url }) => [title, url]),
	];
	const width = Math.max(...rows.map(([name = ""]) => name.length)) + 2;
	const lines = rows.map(
		([name = "", url = ""]) => `  ${name.padEnd(width)}${paint("cyan", url)}`,
	);
	return `\n  ${paint("bold", `Galley ${packageVersion()}`)}\n\n${lines.join("\n")}\n\n`;
}

/** Says once when all that starts with the fleet answers. */
async function announceReady(
	running: RunningFleet,
	logger: { info(fields: object, message: string): void },
	ends: EndSignal,
): Promise<void> {
	const begun = performance.now();
	const waits = () =>
		running.status.services.some(
			({ start, state }) =>
				start === "always" && state !== "ready" && state !== "held",
		);
	while (waits()) {
		await new Promise((resolve) => setTimeout(resolve, 100));
		if (ends.signal.aborted) return;
	}
	const seconds = ((performance.now() - begun) / 1000).toFixed(1);
	logger.info(
		{},
		`All services are ready, ${seconds} s after the door was open.`,
	);
}
