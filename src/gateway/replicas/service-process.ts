import { existsSync, rmSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { Pool } from "undici";
import { backoffDelayMs } from "../../async/backoff.ts";
import { LogFile } from "./log-file.ts";
import { readRecord, removeRecord, writeRecord } from "./process-record.ts";
import {
	adoptProcess,
	type RunningProcess,
	type ServiceCommand,
	startProcess,
} from "./running-process.ts";
import type { StartGate } from "./start-gate.ts";

export type { ServiceCommand } from "./running-process.ts";

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
	/** Of the command and its settings: a living process with another one is adopted all the same, and is then out of date. */
	digest: string;
	/** Where it listens: a socket that only this user can reach, or an address. */
	listens: { socketPath: string } | { origin: string };
	/** What answers 200 when it is ready; a service's own path unless told otherwise. */
	readyPath?: string;
	/** What it writes goes here. */
	logPath: string;
	/** Where it is written down that it runs. */
	recordPath: string;
	gate?: StartGate;
	/** Whether it goes on when the gateway is killed; so it is unless told otherwise. */
	outlives?: boolean;
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
/** What has been ready for so long begins anew with its waits when it dies. */
const settledMs = 60_000;
/** Requests for what failed don't start it again and again. */
const failedRestMs = 15_000;
/** A model that loads for minutes doesn't keep the others from starting. */
const longestInGateMs = 20_000;

/**
 * One `galley run`, or an application, as a process of its own: started, watched, started again when it dies, stopped. It
 * outlives a gateway that is killed: the next one finds it by its record.
 */
export class ServiceProcess {
	readonly id: string;
	readonly pool: Pool;
	readonly #options: ServiceProcessOptions;
	readonly #log: LogFile;
	#process: RunningProcess | null = null;
	#phase: ProcessPhase = "stopped";
	#reason = "";
	#deaths = 0;
	/** Since it was last well for a while. */
	#recentDeaths = 0;
	#wasReady = false;
	#readyAt = 0;
	#failedAt = Number.NEGATIVE_INFINITY;
	/** Null while nobody wants it to run. */
	#watch: AbortController | null = null;
	/** The one before is on its way out, and has the socket still. */
	#stopping: Promise<void> | null = null;
	#launchedAt = 0;
	#digest: string;
	#report: ReadinessReport | null = null;

	constructor(options: ServiceProcessOptions) {
		const { id, listens, logPath, onLine } = options;
		this.id = id;
		this.#options = options;
		this.#digest = options.digest;
		this.#log = new LogFile({ path: logPath, onLine });
		const isSocket = "socketPath" in listens;
		this.pool = new Pool(isSocket ? "http://service" : listens.origin, {
			...(isSocket ? { socketPath: listens.socketPath } : {}),
			connections: null,
			pipelining: 1,
			keepAliveTimeout: 60_000,
		});
	}

	get phase(): ProcessPhase {
		return this.#phase;
	}

	/** Why it is in this phase; empty where there is nothing to say. */
	get reason(): string {
		return this.#reason;
	}

	get processId(): number | null {
		return this.#process?.pid ?? null;
	}

	/** Milliseconds since the process was started; 0 when none runs. */
	get ageMs(): number {
		return this.#process === null ? 0 : Date.now() - this.#launchedAt;
	}

	/** How often it died by itself. */
	get deaths(): number {
		return this.#deaths;
	}

	get report(): ReadinessReport | null {
		return this.#report;
	}

	/** Of what runs; that of the settings while nothing does. */
	get digest(): string {
		return this.#digest;
	}

	/** Takes over a process that an earlier gateway left, if there is one; whether there is. */
	adopt(): boolean {
		if (this.#watch !== null) return false;
		const record = readRecord(this.#options.recordPath);
		if (record === null || record.id !== this.id) return false;
		const adopted = adoptProcess(record);
		if (adopted === null) {
			this.#clearAway();
			return false;
		}
		this.#watch = new AbortController();
		this.#launchedAt = record.launchedAt;
		this.#digest = record.digest;
		this.#log.follow();
		this.#keep(adopted);
		this.#change("starting", "taken over");
		void this.#poll(this.#watch.signal);
		return true;
	}

	start(): void {
		if (this.#watch !== null) return;
		if (this.#stopping === null && this.adopt()) return;
		if (performance.now() - this.#failedAt < failedRestMs) return;
		this.#watch = new AbortController();
		const { signal } = this.#watch;
		this.#recentDeaths = 0;
		this.#change("starting", "");
		this.#log.follow();
		void this.#launch(signal);
		void this.#poll(signal);
	}

	/** Lets it finish what runs, up to the limit. */
	async stop(): Promise<void> {
		this.#watch?.abort();
		this.#watch = null;
		this.#failedAt = Number.NEGATIVE_INFINITY;
		const running = this.#process;
		this.#process = null;
		this.#report = null;
		this.#change("stopped", "");
		if (running !== null)
			this.#stopping = this.#end(running).finally(() => {
				this.#stopping = null;
			});
		await this.#stopping;
	}

	async #end(running: RunningProcess): Promise<void> {
		running.send("SIGTERM");
		const limit = this.#options.stopMs ?? 40_000;
		const timer = setTimeout(() => running.send("SIGKILL", "group"), limit);
		await running.ended;
		clearTimeout(timer);
		this.#clearAway();
	}

	async close(): Promise<void> {
		await this.stop();
		await this.#log.close();
		await this.pool.destroy();
	}

	async #launch(signal: AbortSignal): Promise<void> {
		const { id, command, gate, digest, recordPath } = this.#options;
		await this.#stopping;
		const begun = await gate?.enter(signal);
		if (signal.aborted) {
			begun?.();
			return;
		}
		if (begun !== undefined) this.#leaveGate(begun, signal);
		this.#launchedAt = Date.now();
		this.#digest = digest;
		this.#change("starting", "");
		try {
			const running = startProcess(
				command,
				this.#log.openForAppending(),
				this.#options.outlives,
			);
			if (running.identity !== null)
				writeRecord(recordPath, {
					...running.identity,
					id,
					digest,
					launchedAt: this.#launchedAt,
				});
			this.#keep(running);
		} catch (error) {
			// The disk is full, or the folder is gone.
			this.#died(error instanceof Error ? error.message : String(error));
		}
	}

	/** Others may begin when this one is ready, has died, or takes long. */
	#leaveGate(begun: () => void, signal: AbortSignal): void {
		const until = performance.now() + longestInGateMs;
		const look = setInterval(() => {
			const isBusy = this.#phase === "starting" && performance.now() < until;
			if (isBusy && !signal.aborted) return;
			clearInterval(look);
			begun();
		}, startingPollMs);
		look.unref();
	}

	#keep(running: RunningProcess): void {
		this.#process = running;
		void running.ended.then((reason) => {
			if (running === this.#process) this.#died(reason);
		});
	}

	#died(reason: string): void {
		this.#process = null;
		this.#report = null;
		this.#deaths++;
		const isSettled =
			this.#phase === "ready" && Date.now() - this.#readyAt > settledMs;
		this.#recentDeaths = isSettled ? 1 : this.#recentDeaths + 1;
		this.#clearAway();
		if (!this.#wasReady && this.#recentDeaths >= mostFirstDeaths) {
			this.#watch?.abort();
			this.#watch = null;
			this.#failedAt = performance.now();
			this.#change("failed", reason);
			return;
		}
		this.#change("restarting", reason);
		const signal = this.#watch?.signal;
		if (signal === undefined) return;
		const wait = backoffDelayMs(
			this.#recentDeaths,
			restartBackoff,
			Math.random(),
		);
		delay(wait, undefined, { signal, ref: false }).then(
			() => this.#launch(signal),
			() => undefined,
		);
	}

	/** What a process leaves behind when it is killed. */
	#clearAway(): void {
		const { listens, recordPath } = this.#options;
		removeRecord(recordPath);
		if ("socketPath" in listens && existsSync(listens.socketPath))
			rmSync(listens.socketPath, { force: true });
	}

	async #poll(signal: AbortSignal): Promise<void> {
		while (!signal.aborted) {
			if (this.#process !== null) await this.#look(signal);
			const pause = this.#phase === "ready" ? readyPollMs : startingPollMs;
			await delay(pause, undefined, { signal, ref: false }).catch(
				() => undefined,
			);
		}
	}

	async #look(signal: AbortSignal): Promise<void> {
		const running = this.#process;
		try {
			const { statusCode, body } = await this.pool.request({
				path: this.#options.readyPath ?? "/v1/health/ready",
				method: "GET",
				signal: AbortSignal.any([signal, AbortSignal.timeout(5000)]),
			});
			const text = await body.text();
			if (running !== this.#process || signal.aborted) return;
			this.#report = { status: statusCode, body: parseOrNull(text) };
			if (statusCode === 200) {
				this.#wasReady = true;
				if (this.#phase !== "ready") {
					this.#readyAt = Date.now();
					this.#change("ready", "");
				}
			} else if (this.#phase === "ready")
				this.#change("unready", `it answered ${statusCode}`);
		} catch (error) {
			// Nobody listens yet, or it is busy: its end is what counts as dead.
			if (signal.aborted || running !== this.#process) return;
			if (this.#phase === "ready")
				this.#change(
					"unready",
					error instanceof Error ? error.message : "no answer",
				);
		}
	}

	#change(phase: ProcessPhase, reason: string): void {
		this.#reason = reason;
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
