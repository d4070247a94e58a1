import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { type Dispatcher, Pool } from "undici";
import { backoffDelayMs } from "../async/backoff.ts";
import type { ServiceState } from "../core/language-service.ts";
import { type CommandValues, commandWords } from "./engine-command.ts";
import { EngineGuard } from "./engine-guard.ts";

export interface ExternalEngineOptions {
	/** A server that somebody else runs, or a command that starts one. */
	source: { url: string } | { command: string };
	/** Behind the server's address: 200 when it can answer. */
	readyPath: string;
	/** For the command. */
	values: Pick<CommandValues, "model" | "name">;
	/** Sent with the probes. */
	headers: Readonly<Record<string, string>>;
	environment: Readonly<Record<string, string | undefined>>;
	/** Told each time that it has become ready, before anybody else is. */
	onReady(pool: Dispatcher, base: string): Promise<void>;
	onLog(level: "info" | "warn", message: string): void;
	/** How long it may take to end before it is killed. */
	stopMs: number;
}

const startingPollMs = 250;
const readyPollMs = 2000;
const probeMs = 5000;
const restartBackoff = { baseMs: 500, maxMs: 30_000 };
/** What dies so often before it was ever ready has something that starting again doesn't cure. */
const mostFirstDeaths = 5;
/** A busy server may miss a probe. */
const mostMissedProbes = 3;
const host = "127.0.0.1";

/** Somebody else's server: started and started again where it is ours to start, and watched in any case. */
export class ExternalEngine {
	readonly #options: ExternalEngineOptions;
	readonly #ends = new AbortController();
	#child: ChildProcess | null = null;
	#guard: EngineGuard | null = null;
	#pool: Pool | null = null;
	#base = "";
	#state: ServiceState = { phase: "loading", progress: 0, etaSeconds: null };
	#deaths = 0;
	#wasReady = false;

	constructor(options: ExternalEngineOptions) {
		this.#options = options;
	}

	get state(): ServiceState {
		return this.#state;
	}

	/** How often it died by itself. */
	get deaths(): number {
		return this.#deaths;
	}

	get processId(): number | null {
		return this.#child?.pid ?? null;
	}

	/** Where requests go; null before it was started. */
	get place(): { pool: Dispatcher; origin: string; base: string } | null {
		if (this.#pool === null) return null;
		return { pool: this.#pool, origin: "http://engine", base: this.#base };
	}

	/** Throws `invalid_configuration` for a command that can't work. Resolves when it is under way. */
	async start(): Promise<void> {
		const { source } = this.#options;
		if ("url" in source) {
			const { origin, pathname } = new URL(source.url);
			this.#aim(origin, pathname.replace(/\/+$/, "").replace(/\/v1$/, ""));
		} else await this.#launch(source.command);
		void this.#watch();
	}

	drain(): void {
		this.#state = { phase: "draining" };
	}

	async stop(): Promise<void> {
		this.#ends.abort();
		const child = this.#child;
		this.#child = null;
		if (
			child !== null &&
			child.exitCode === null &&
			child.signalCode === null
		) {
			const ended = once(child, "exit");
			kill(child, "SIGTERM");
			const timer = setTimeout(
				() => kill(child, "SIGKILL"),
				this.#options.stopMs,
			);
			await ended;
			clearTimeout(timer);
			// Workers that did not end with it.
			kill(child, "SIGKILL");
		}
		this.#guard?.[Symbol.dispose]();
		await this.#pool?.destroy();
	}

	#aim(origin: string, base: string): void {
		void this.#pool?.destroy();
		this.#base = base;
		this.#pool = new Pool(origin, { connections: null, pipelining: 1 });
	}

	async #launch(command: string): Promise<void> {
		const { values, environment, onLog } = this.#options;
		const port = await freePort();
		const [program = "", ...words] = commandWords(command, {
			...values,
			host,
			port: String(port),
		});
		const child = spawn(program, words, {
			stdio: ["ignore", "pipe", "pipe"],
			env: environment as NodeJS.ProcessEnv,
			// A group of its own: such servers have workers, which are to end with them.
			detached: true,
		});
		this.#child = child;
		if (child.pid !== undefined)
			this.#guard = new EngineGuard(child.pid, this.#options.stopMs);
		this.#aim(`http://${host}:${port}`, "");
		for (const stream of [child.stdout, child.stderr])
			createInterface({ input: stream }).on("line", (line) =>
				onLog("info", line),
			);
		child.on("error", (error) => this.#died(child, command, error.message));
		child.on("exit", (code, signal) =>
			this.#died(child, command, signal ?? `exit code ${code}`),
		);
	}

	#died(child: ChildProcess, command: string, reason: string): void {
		if (child !== this.#child) return;
		this.#child = null;
		this.#deaths++;
		kill(child, "SIGKILL");
		this.#guard?.[Symbol.dispose]();
		this.#guard = null;
		if (
			!this.#wasReady &&
			(this.#deaths >= mostFirstDeaths || reason.includes("ENOENT"))
		) {
			this.#options.onLog("warn", `The engine can't be started (${reason}).`);
			this.#state = {
				phase: "failed",
				reason: `the engine ended before it was ever ready (${reason})`,
			};
			return;
		}
		const wait = backoffDelayMs(this.#deaths, restartBackoff, Math.random());
		this.#options.onLog(
			"warn",
			`The engine ended (${reason}); it is started again.`,
		);
		this.#state = {
			phase: "restarting",
			retryAfterSeconds: Math.max(1, wait / 1000),
			reason: `the engine ended (${reason})`,
		};
		const { signal } = this.#ends;
		delay(wait, undefined, { signal, ref: false }).then(
			() => this.#launch(command),
			() => undefined,
		);
	}

	async #watch(): Promise<void> {
		const { signal } = this.#ends;
		let missed = 0;
		while (!signal.aborted) {
			const problem = await this.#problem();
			if (signal.aborted || this.#state.phase === "draining") return;
			const isReady = this.#state.phase === "ready";
			if (problem === null) {
				missed = 0;
				if (!isReady) await this.#becomeReady();
			} else if (isReady && ++missed >= mostMissedProbes)
				this.#state = {
					phase: "restarting",
					retryAfterSeconds: readyPollMs / 1000,
					reason: `its server does not answer (${problem})`,
				};
			const pause =
				this.#state.phase === "ready" ? readyPollMs : startingPollMs;
			await delay(pause, undefined, { signal, ref: false }).catch(
				() => undefined,
			);
		}
	}

	async #becomeReady(): Promise<void> {
		const place = this.place;
		if (place === null) return;
		try {
			await this.#options.onReady(place.pool, place.base);
			if (this.#state.phase !== "draining") this.#state = { phase: "ready" };
			this.#wasReady = true;
		} catch (error) {
			const message = error instanceof Error ? error.message : String(error);
			this.#options.onLog(
				"warn",
				`The engine answers, but not as it should: ${message}`,
			);
		}
	}

	/** Null when it answers its probe with 200. */
	async #problem(): Promise<string | null> {
		const { readyPath, headers, source } = this.#options;
		const place = this.place;
		if (place === null) return "it is not started";
		if ("command" in source && this.#child === null) return "it has ended";
		try {
			const { statusCode, body } = await place.pool.request({
				origin: place.origin,
				path: place.base + readyPath,
				method: "GET",
				headers,
				signal: AbortSignal.any([
					this.#ends.signal,
					AbortSignal.timeout(probeMs),
				]),
			});
			await body.dump();
			return statusCode === 200 ? null : `${readyPath} answered ${statusCode}`;
		} catch (error) {
			return error instanceof Error ? error.message : "no answer";
		}
	}
}

function kill(child: ChildProcess, signal: NodeJS.Signals): void {
	if (child.pid === undefined) return;
	try {
		process.kill(-child.pid, signal);
	} catch (error) {
		// ESRCH: all of the group have ended, which is the aim.
		if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
	}
}

async function freePort(): Promise<number> {
	const server = createServer();
	server.listen(0, host);
	await once(server, "listening");
	const address = server.address();
	server.close();
	await once(server, "close");
	return typeof address === "object" && address !== null ? address.port : 0;
}
