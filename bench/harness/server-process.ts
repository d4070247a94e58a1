import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { get } from "node:http";
import { createServer } from "node:net";
import { basename, join } from "node:path";
import { cacheDirectory } from "../random-model/random-model.ts";
import { type ProcessMemory, readTreeMemory } from "./process-memory.ts";

export interface ServerCommand {
	name: string;
	command: string;
	/** `port` is a free one. */
	toArguments(port: number): string[];
}

const pollEveryMs = 10;
const startTimeoutMs = 120_000;
const stopTimeoutMs = 10_000;

/** Starts servers one after the other and makes sure that none outlives the benchmark, however that ends. */
export class ServerFleet implements AsyncDisposable {
	readonly #running = new Set<ServerProcess>();
	readonly #killAll = () => {
		for (const server of this.#running) server.kill();
	};
	readonly #onSignal = (signal: NodeJS.Signals) => {
		this.#killAll();
		process.exit(signal === "SIGINT" ? 130 : 143);
	};

	constructor() {
		process.on("exit", this.#killAll);
		process.on("SIGINT", this.#onSignal);
		process.on("SIGTERM", this.#onSignal);
	}

	async start(command: ServerCommand): Promise<ServerProcess> {
		const port = await findFreePort();
		const server = new ServerProcess(command, port, () =>
			this.#running.delete(server),
		);
		this.#running.add(server);
		await server.waitUntilReady();
		return server;
	}

	/** Runs a program to its end and returns what it wrote on its standard output. */
	async capture(
		command: string,
		commandArguments: readonly string[],
	): Promise<string> {
		const child = spawn(command, commandArguments, {
			stdio: ["ignore", "pipe", "ignore"],
		});
		const kill = () => child.kill("SIGKILL");
		process.on("exit", kill);
		try {
			const parts: Buffer[] = [];
			child.stdout.on("data", (part: Buffer) => parts.push(part));
			const code = await new Promise((resolve, reject) => {
				child.on("error", reject);
				child.on("close", resolve);
			});
			if (code !== 0)
				throw new Error(`${command} ended with exit code ${code}.`);
			return Buffer.concat(parts).toString("utf8");
		} finally {
			process.off("exit", kill);
		}
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await Promise.all([...this.#running].map((server) => server.stop()));
		process.off("exit", this.#killAll);
		process.off("SIGINT", this.#onSignal);
		process.off("SIGTERM", this.#onSignal);
	}
}

/** One server under test, in a process group of its own; its output goes to a log file. */
export class ServerProcess {
	readonly name: string;
	readonly url: string;
	readonly commandLine: string;
	readonly #child: ChildProcess;
	readonly #startedAt = performance.now();
	readonly #ended: Promise<void>;
	readonly #logPath: string;
	#hasEnded = false;
	#readySeconds = 0;

	constructor(
		{ name, command, toArguments }: ServerCommand,
		port: number,
		onEnd: () => void,
	) {
		const logs = join(cacheDirectory, "logs");
		mkdirSync(logs, { recursive: true });
		this.#logPath = join(logs, `${name.replaceAll(/[^\w.-]+/g, "-")}.log`);
		const log = openSync(this.#logPath, "w");
		const commandArguments = toArguments(port);
		this.name = name;
		this.url = `http://127.0.0.1:${port}`;
		// Without folders and port: they say where somebody's files are, not what was measured.
		this.commandLine = [command, ...toArguments(0)]
			.map((word) => basename(word))
			.join(" ")
			.replace("--port 0", "--port PORT");
		this.#child = spawn(command, commandArguments, {
			stdio: ["ignore", log, log],
			detached: true,
		});
		closeSync(log);
		this.#ended = new Promise((resolve) => {
			const end = () => {
				this.#hasEnded = true;
				onEnd();
				resolve();
			};
			this.#child.on("exit", end);
			this.#child.on("error", end);
		});
	}

	get pid(): number {
		return this.#child.pid ?? 0;
	}

	/** From the start of the process to the first 200 of `/health`. */
	get readySeconds(): number {
		return this.#readySeconds;
	}

	async waitUntilReady(): Promise<void> {
		while (performance.now() - this.#startedAt < startTimeoutMs) {
			if (this.#hasEnded)
				throw new Error(
					`${this.name} ended while starting:\n${this.logTail()}`,
				);
			if (await isHealthy(`${this.url}/health`)) {
				this.#readySeconds = (performance.now() - this.#startedAt) / 1000;
				return;
			}
			await new Promise((resolve) => setTimeout(resolve, pollEveryMs));
		}
		this.kill();
		throw new Error(
			`${this.name} was not ready after ${startTimeoutMs / 1000} s:\n${this.logTail()}`,
		);
	}

	memory(): ProcessMemory[] {
		return readTreeMemory(this.pid);
	}

	logTail(): string {
		return readFileSync(this.#logPath, "utf8").slice(-2000);
	}

	/** Asks the server to end, and ends it when it does not. */
	async stop(): Promise<void> {
		if (this.#hasEnded) return;
		this.#child.kill("SIGTERM");
		const timer = setTimeout(() => this.kill(), stopTimeoutMs);
		await this.#ended;
		clearTimeout(timer);
		this.kill();
	}

	/** Kills the whole group: children that a crashed parent left behind too. */
	kill(): void {
		if (this.#child.pid === undefined) return;
		try {
			process.kill(-this.#child.pid, "SIGKILL");
		} catch (error) {
			// ESRCH: nobody of the group is left, which is the aim.
			if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
		}
	}
}

function isHealthy(url: string): Promise<boolean> {
	return new Promise((resolve) => {
		const request = get(url, { agent: false, timeout: 2000 }, (response) => {
			response.resume();
			resolve(response.statusCode === 200);
		});
		request.on("timeout", () => request.destroy());
		request.on("error", () => resolve(false));
	});
}

function findFreePort(): Promise<number> {
	return new Promise((resolve, reject) => {
		const server = createServer();
		server.on("error", reject);
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
