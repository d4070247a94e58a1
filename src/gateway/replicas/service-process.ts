import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { Pool } from "undici";
import { backoffDelayMs } from "../../async/backoff.ts";

/** How a service is started: Node, its flags and this program, then the words of `galley run`. */
export interface ServiceCommand {
	executable: string;
	words: readonly string[];
	environment: Readonly<Record<string, string | undefined>>;
}

export type ProcessPhase =
	| "stopped"
	| "starting"
	| "ready"
	/** It runs, and says that it can't take requests: its engine restarts, or it drains. */
	| "unready"
	/** It died, and is started again in a while. */
	| "restarting"
	/** It died again and again before it was ever ready. */
	| "failed";

export interface ServiceProcessOptions {
	/** For logs: `starter-chat/1`. */
	id: string;
	command: ServiceCommand;
	/** Where it listens: only this user can reach it. */
	socketPath: string;
	/** A line that it logged. */
	onLine(line: string): void;
	onPhase(phase: ProcessPhase, reason: string): void;
	/** How long it may take to finish what runs before it is killed. */
	stopMs?: number;
}

/** What the service says of itself while it is not ready. */
export interface ReadinessReport {
	status: number;
	body: unknown;
}

const startingPollMs = 100;
const readyPollMs = 1000;
const restartBackoff = { baseMs: 500, maxMs: 30_000 };
/** What dies so often before it was ever ready has something that starting again doesn't cure. */
const mostFirstDeaths = 3;

/** One `galley run` as a child: started, watched, started again when it dies, stopped. */
export class ServiceProcess {
	readonly id: string;
	readonly pool: Pool;
	readonly #options: ServiceProcessOptions;
	#child: ChildProcess | null = null;
	#phase: ProcessPhase = "stopped";
	#deaths = 0;
	#wasReady = false;
	#watch = new AbortController();
	#startedAt = 0;
	#report: ReadinessReport | null = null;

	constructor(options: ServiceProcessOptions) {
		this.id = options.id;
		this.#options = options;
		this.pool = new Pool("http://service", {
			socketPath: options.socketPath,
			connections: null,
			pipelining: 1,
			keepAliveTimeout: 60_000,
		});
	}

	get phase(): ProcessPhase {
		return this.#phase;
	}

	get processId(): number | null {
		return this.#child?.pid ?? null;
	}

	/** Milliseconds since the process was started; 0 when none runs. */
	get ageMs(): number {
		return this.#child === null ? 0 : performance.now() - this.#startedAt;
	}

	/** How often it died by itself. */
	get deaths(): number {
		return this.#deaths;
	}

	get report(): ReadinessReport | null {
		return this.#report;
	}

	start(): void {
		if (this.#child !== null) return;
		this.#watch = new AbortController();
		this.#launch();
		void this.#poll(this.#watch.signal);
	}

	/** Lets it finish what runs, up to the limit. */
	async stop(): Promise<void> {
		this.#watch.abort();
		const child = this.#child;
		this.#child = null;
		this.#change("stopped", "asked to");
		if (child === null || child.exitCode !== null || child.signalCode !== null)
			return;
		const ended = once(child, "exit");
		child.kill("SIGTERM");
		const limit = this.#options.stopMs ?? 40_000;
		const timer = setTimeout(() => child.kill("SIGKILL"), limit);
		await ended;
		clearTimeout(timer);
	}

	async close(): Promise<void> {
		await this.stop();
		await this.pool.destroy();
	}

	#launch(): void {
		const { command, onLine } = this.#options;
		const child = spawn(command.executable, command.words, {
			// Closing the channel tells it that we are gone, however that came.
			stdio: ["ignore", "ignore", "pipe", "ipc"],
			env: command.environment as NodeJS.ProcessEnv,
			detached: true,
		});
		this.#child = child;
		this.#startedAt = performance.now();
		this.#change("starting", "");
		let rest = "";
		child.stderr?.on("data", (piece: Buffer) => {
			const lines = (rest + piece.toString()).split("\n");
			rest = lines.pop() ?? "";
			for (const line of lines) if (line !== "") onLine(line);
		});
		child.on("error", (error) => {
			if (child === this.#child) this.#died(error.message);
		});
		child.on("exit", (code, signal) => {
			if (child === this.#child) this.#died(signal ?? `exit code ${code}`);
		});
	}

	#died(reason: string): void {
		this.#child = null;
		this.#deaths++;
		if (!this.#wasReady && this.#deaths >= mostFirstDeaths) {
			this.#watch.abort();
			this.#change("failed", reason);
			return;
		}
		this.#change("restarting", reason);
		const { signal } = this.#watch;
		const wait = backoffDelayMs(this.#deaths, restartBackoff, Math.random());
		delay(wait, undefined, { signal, ref: false }).then(
			() => this.#launch(),
			() => undefined,
		);
	}

	async #poll(signal: AbortSignal): Promise<void> {
		while (!signal.aborted) {
			if (this.#child !== null) await this.#look(signal);
			const pause = this.#phase === "ready" ? readyPollMs : startingPollMs;
			await delay(pause, undefined, { signal, ref: false }).catch(
				() => undefined,
			);
		}
	}

	async #look(signal: AbortSignal): Promise<void> {
		const child = this.#child;
		try {
			const { statusCode, body } = await this.pool.request({
				path: "/v1/health/ready",
				method: "GET",
				signal: AbortSignal.any([signal, AbortSignal.timeout(5000)]),
			});
			const text = await body.text();
			if (child !== this.#child) return;
			this.#report = { status: statusCode, body: parseOrNull(text) };
			if (statusCode === 200) {
				this.#wasReady = true;
				if (this.#phase !== "ready") this.#change("ready", "");
			} else if (this.#phase === "ready")
				this.#change("unready", `it answered ${statusCode}`);
		} catch (error) {
			// Nobody listens yet, or it is busy: its exit is what counts as dead.
			if (signal.aborted || child !== this.#child) return;
			if (this.#phase === "ready")
				this.#change(
					"unready",
					error instanceof Error ? error.message : "no answer",
				);
		}
	}

	#change(phase: ProcessPhase, reason: string): void {
		if (this.#phase === phase) return;
		this.#phase = phase;
		this.#options.onPhase(phase, reason);
	}
}

function parseOrNull(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return null;
	}
}
