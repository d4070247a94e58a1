import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { toEnvironmentName } from "../config/option.ts";
import {
	serviceOption,
	serviceOptionNames,
} from "../config/service-options.ts";
import { GalleyError } from "../core/errors.ts";
import { CommandFailure, exitCodes } from "./exit-codes.ts";
import { type CommandLine, ownCommand } from "./own-command.ts";
import type { ServiceAddress } from "./service-address.ts";
import { ServiceClient } from "./service-client.ts";
import { formatLoading } from "./status-line.ts";
import { formatTransfer, type TransferProgress } from "./transfer-progress.ts";

export interface PrivateServiceOptions {
	model: string;
	/** More flags of `galley run`. */
	serviceArguments: readonly string[];
	/** What flags would show to other users of the machine. */
	environment?: Readonly<Record<string, string>>;
	/** A socket only this user can reach, or a free port of this machine. */
	listenOn: "socket" | "port";
	onProgress(progress: StartProgress): void;
	signal: AbortSignal;
	/** How this program was started, to start `galley run` the same way. */
	command?: CommandLine;
}

export interface PrivateService extends AsyncDisposable {
	address: ServiceAddress;
}

/** How far the service is: `stage` is the readiness body's state. */
export type StartProgress = TransferProgress & { progress: number | null };

/** Of `/v1/health/ready` while it answers 503. */
interface ReadyBody {
	state?: unknown;
	message?: unknown;
	progress?: unknown;
	received_bytes?: unknown;
	total_bytes?: unknown;
	bytes_per_second?: unknown;
	eta_seconds?: unknown;
}

const pollMs = 50;
const stopMs = 5000;
const keptErrorLines = 40;

/**
 * `galley run MODEL` as a child for this command alone. Resolves when the model answers. The child has its own process
 * group, so that Ctrl-C stops an answer here and not the service there; it leaves when its channel to us closes, however
 * we end.
 */
export async function startPrivateService(
	options: PrivateServiceOptions,
): Promise<PrivateService> {
	const { command = ownCommand(), signal } = options;
	const folder = await mkdtemp(join(tmpdir(), "galley-"));
	const { address, listenFlags } = await chooseAddress(
		options.listenOn,
		folder,
	);
	const words = [
		...command.words,
		"run",
		options.model,
		...listenFlags,
		"--log-level=warn",
		...options.serviceArguments,
	];
	const child = spawn(command.executable, words, {
		stdio: ["ignore", "ignore", "pipe", "ipc"],
		env: { ...withoutServiceOptions(process.env), ...options.environment },
		detached: process.platform !== "win32",
		windowsHide: true,
	});
	const errorLines: string[] = [];
	child.stderr?.setEncoding("utf8").on("data", (text: string) => {
		errorLines.push(...text.split("\n").filter((line) => line.trim() !== ""));
		errorLines.splice(0, Math.max(0, errorLines.length - keptErrorLines));
	});
	const ended = new Promise<number | null>((resolve) => {
		child.once("error", (error) => {
			errorLines.push(error.message);
			resolve(null);
		});
		// "close" comes after the last of stderr.
		child.once("close", (code) => resolve(code));
	});

	const stop = async () => {
		if (child.exitCode === null && child.signalCode === null)
			child.kill("SIGTERM");
		const timer = setTimeout(() => child.kill("SIGKILL"), stopMs);
		await ended;
		clearTimeout(timer);
		await rm(folder, { recursive: true, force: true });
	};
	try {
		await untilReady(address, options, ended, errorLines, signal);
	} catch (error) {
		await stop();
		throw error;
	}
	return { address, [Symbol.asyncDispose]: stop };
}

async function untilReady(
	address: ServiceAddress,
	{ onProgress }: PrivateServiceOptions,
	ended: Promise<number | null>,
	errorLines: readonly string[],
	signal: AbortSignal,
): Promise<void> {
	await using client = new ServiceClient(address);
	let exit: { code: number | null } | null = null;
	void ended.then((code) => {
		exit = { code };
	});
	for (;;) {
		signal.throwIfAborted();
		if (exit !== null)
			throw startFailure((exit as { code: number | null }).code, errorLines);
		const answer = await client
			.get("/v1/health/ready", signal)
			.catch((error: unknown) => {
				// Not listening yet.
				if (error instanceof GalleyError && error.code === "engine_unavailable")
					return null;
				throw error;
			});
		if (answer?.status === 200) return;
		const body = (answer?.body ?? {}) as ReadyBody;
		if (body.state === "failed")
			throw new CommandFailure(String(body.message), exitCodes.unavailable);
		onProgress(toStartProgress(body));
		await Promise.race([wait(pollMs), ended]);
	}
}

function toStartProgress(body: ReadyBody): StartProgress {
	return {
		stage: typeof body.state === "string" ? body.state : "loading",
		progress: numberOf(body.progress),
		receivedBytes: numberOf(body.received_bytes),
		totalBytes: numberOf(body.total_bytes),
		bytesPerSecond: numberOf(body.bytes_per_second),
		etaSeconds: numberOf(body.eta_seconds),
	};
}

function numberOf(value: unknown): number | null {
	return typeof value === "number" ? value : null;
}

/** The status line of a command that waits for its service. */
export function formatStart(name: string, progress: StartProgress): string {
	return progress.stage === "loading"
		? formatLoading(name, progress.progress ?? 0, progress.etaSeconds)
		: formatTransfer(name, progress, process.stderr.columns || 80);
}

/** The child has said what is wrong; repeat its words without the program's name in front. */
function startFailure(
	code: number | null,
	errorLines: readonly string[],
): CommandFailure {
	const said = errorLines.join("\n").replace(/^galley: /, "");
	const text =
		said === ""
			? `The service ended before it was ready (exit code ${code ?? "unknown"}).`
			: said;
	return new CommandFailure(
		text,
		code === null || code === 0 ? exitCodes.unavailable : code,
	);
}

async function chooseAddress(
	listenOn: "socket" | "port",
	folder: string,
): Promise<{ address: ServiceAddress; listenFlags: string[] }> {
	if (listenOn === "port") {
		const port = await freePort();
		const address = { baseUrl: `http://127.0.0.1:${port}`, socketPath: null };
		return { address, listenFlags: ["--host=127.0.0.1", `--port=${port}`] };
	}
	const socketPath =
		process.platform === "win32"
			? `\\\\.\\pipe\\galley-${process.pid}`
			: join(folder, "service.sock");
	return {
		address: { baseUrl: "http://localhost", socketPath },
		listenFlags: [`--socket=${socketPath}`],
	};
}

function freePort(): Promise<number> {
	return new Promise((resolve, reject) => {
		const server = createServer().once("error", reject);
		server.listen(0, "127.0.0.1", () => {
			const address = server.address();
			server.close(() =>
				resolve(
					typeof address === "object" && address !== null ? address.port : 0,
				),
			);
		});
	});
}

/** The child gets its options as flags; keys, TLS and ports that were meant for a public service are not for this one. */
function withoutServiceOptions(
	environment: NodeJS.ProcessEnv,
): NodeJS.ProcessEnv {
	const ours = new Set(
		serviceOptionNames.flatMap((name) => [
			toEnvironmentName(name),
			...(serviceOption(name).aliases ?? []).map((alias) => alias.name),
		]),
	);
	ours.add("GALLEY_CONFIG");
	return Object.fromEntries(
		Object.entries(environment).filter(([name]) => !ours.has(name)),
	);
}
