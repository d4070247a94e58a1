import { spawn } from "node:child_process";
import { closeSync } from "node:fs";
import {
	identify,
	isAlive,
	type ProcessIdentity,
	sendSignal,
} from "./process-identity.ts";

/** A program and its words. */
export interface ServiceCommand {
	executable: string;
	words: readonly string[];
	environment: Readonly<Record<string, string | undefined>>;
}

/** A process that runs, whether this gateway started it or an earlier one. */
export interface RunningProcess {
	/** Null where it could not be started, or where the system doesn't tell its start. */
	readonly identity: ProcessIdentity | null;
	readonly pid: number | null;
	/** Resolves, with why, when it has ended. */
	readonly ended: Promise<string>;
	/** To it alone, or to all that it has started. */
	send(signal: NodeJS.Signals, to?: "process" | "group"): void;
}

/** How often an adopted process is looked at: no event tells of its end. */
const lookMs = 250;

/** Starts a process, which outlives this one unless it is told not to; what it writes is appended to a file. */
export function startProcess(
	{ executable, words, environment }: ServiceCommand,
	log: number,
	outlives = true,
): RunningProcess {
	const child = spawn(executable, words, {
		// No pipes: this process's end would be theirs. A channel's end is what a service takes as a sign to end.
		stdio: ["ignore", log, log, ...(outlives ? [] : ["ipc" as const])],
		env: environment as NodeJS.ProcessEnv,
		// A Ctrl-C in this terminal is for the gateway, which ends its services in order.
		detached: true,
	});
	closeSync(log);
	child.unref();
	child.channel?.unref();
	const ended = new Promise<string>((resolve) => {
		child.once("error", (error) => resolve(error.message));
		child.once("exit", (code, signal) =>
			resolve(signal ?? `exit code ${code}`),
		);
	});
	const { pid } = child;
	const identity = pid === undefined ? null : identify(pid);
	return {
		identity,
		pid: pid ?? null,
		ended,
		send(signal, to = "process") {
			if (child.exitCode !== null || child.signalCode !== null) return;
			if (to === "group" && identity !== null) sendSignal(identity, signal, to);
			else child.kill(signal);
		},
	};
}

/** A process that an earlier gateway started; null when it is gone. */
export function adoptProcess(identity: ProcessIdentity): RunningProcess | null {
	if (!isAlive(identity)) return null;
	const ended = new Promise<string>((resolve) => {
		const timer = setInterval(() => {
			if (isAlive(identity)) return;
			clearInterval(timer);
			resolve("it ended");
		}, lookMs);
		timer.unref();
	});
	return {
		identity,
		pid: identity.pid,
		ended,
		send: (signal, to) => void sendSignal(identity, signal, to),
	};
}
