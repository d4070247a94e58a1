import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Command, Option } from "commander";
import { dataDirectory } from "../config/data-directory.ts";
import { toKebabCase } from "../config/option.ts";
import { GalleyError } from "../core/errors.ts";
import { type Fleet, readFleetFile } from "../gateway/fleet/fleet-file.ts";
import { RunningFleet } from "../gateway/fleet/running-fleet.ts";
import { createLogger, toLogLevel } from "../observability/logger.ts";
import { watchEndSignals } from "./end-signals.ts";
import { CommandFailure, exitCodes } from "./exit-codes.ts";
import { ownCommand } from "./own-command.ts";

/** What runs where nobody wrote a fleet file: the models that Galley brings. */
const starterFleet = `services:
  - name: starter-chat
  - name: starter-embed
    options: { grpcPort: "off" }
  - name: starter-rerank
    options: { grpcPort: "off" }
`;

export function registerUpCommand(program: Command): void {
	program
		.command("up")
		.summary("start a fleet: services, and one gateway in front of them")
		.description(
			"Starts the services of a fleet file and the gateway in front of them. Without a file: fleet.yaml of this folder, or the starter models.",
		)
		.argument("[file]", "the fleet file")
		.addOption(new Option("--host <address>", "instead of the file's"))
		.addOption(new Option("--port <number>", "instead of the file's"))
		.addOption(new Option("--check", "only say what is wrong with the file"))
		.addOption(
			new Option("--log-level <level>", "how much to log").default("info"),
		)
		.action(async (file: string | undefined, options: UpOptions) => {
			process.exitCode = await up(file, options);
		});
}

interface UpOptions {
	host?: string;
	port?: string;
	check?: boolean;
	logLevel: string;
}

async function up(
	file: string | undefined,
	options: UpOptions,
): Promise<number> {
	const fleet = await openFleetFile(file, options);
	if (options.check === true) {
		process.stdout.write(
			`All is well: ${fleet.services.length} services, ${fleet.upstreams.length} upstreams.\n`,
		);
		return exitCodes.ok;
	}
	const logger = createLogger({
		level: toLogLevel(options.logLevel),
		format: "text",
		destination: process.stderr,
	});
	using ends = watchEndSignals();
	const running = await RunningFleet.open({
		fleet,
		command: ownCommand(),
		environment: process.env,
		runDirectory: join(
			dataDirectory(process.env),
			"run",
			String(fleet.gateway.port),
		),
		toOptionName: toKebabCase,
		keyHashes: keyHashes(fleet, process.env.GALLEY_API_KEY),
		logger,
	});
	logger.info(
		{ address: running.address },
		`The gateway listens on ${running.address}/v1; ${fleet.services.length} services are starting.`,
	);
	await new Promise<void>((resolve) => {
		if (ends.signal.aborted) resolve();
		else ends.signal.addEventListener("abort", () => resolve());
	});
	logger.info({}, `${ends.reason}: finishing what runs, taking nothing new.`);
	await running.close();
	return exitCodes.ok;
}

/** All that is wrong is said before anything starts. */
async function openFleetFile(
	given: string | undefined,
	options: UpOptions,
): Promise<Fleet> {
	const path = given ?? (existsSync("fleet.yaml") ? "fleet.yaml" : null);
	const text = path === null ? starterFleet : await readText(path);
	const { fleet, problems } = readFleetFile(text);
	if (fleet === null)
		throw new CommandFailure(
			problems
				.map(({ line, message }) => `${path}:${line ?? 1}: ${message}`)
				.join("\n"),
			exitCodes.usage,
		);
	const port = options.port === undefined ? null : Number(options.port);
	if (port !== null && !(Number.isInteger(port) && port >= 0 && port < 65_536))
		throw new CommandFailure("--port is from 0 to 65535.", exitCodes.usage);
	return {
		...fleet,
		gateway: {
			...fleet.gateway,
			host: options.host ?? fleet.gateway.host,
			port: port ?? fleet.gateway.port,
		},
	};
}

async function readText(path: string): Promise<string> {
	try {
		return await readFile(path, "utf8");
	} catch (cause) {
		throw new GalleyError(
			"invalid_configuration",
			`The fleet file ${path} can't be read.`,
			{ cause },
		);
	}
}

/** Whoever can reach this port can use the models: beyond this machine that takes a key. */
function keyHashes(
	{ gateway: { host } }: Fleet,
	keys: string | undefined,
): string[] {
	const hashes = (keys ?? "")
		.split(",")
		.map((key) => key.trim())
		.filter((key) => key !== "")
		.map((key) => createHash("sha256").update(key).digest("hex"));
	const isLoopback = /^(127\.|localhost$|::1$|\[::1\]$)/.test(host);
	if (hashes.length === 0 && !isLoopback)
		throw new CommandFailure(
			`${host} can be reached from other machines: set GALLEY_API_KEY, or listen on 127.0.0.1.`,
			exitCodes.usage,
		);
	return hashes;
}
