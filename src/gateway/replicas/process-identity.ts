import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** A process that can't be taken for another one: its number is used again after it, but then began at another time. */
export interface ProcessIdentity {
	pid: number;
	/** When it began, in the words of the operating system; for comparing only. */
	startedAt: string;
}

/** Null when no such process runs, or when this system doesn't tell when it began. */
export function identify(pid: number): ProcessIdentity | null {
	if (!(Number.isInteger(pid) && pid > 0)) return null;
	const startedAt =
		process.platform === "linux" ? startOnLinux(pid) : startByPs(pid);
	return startedAt === null ? null : { pid, startedAt };
}

export function isAlive({ pid, startedAt }: ProcessIdentity): boolean {
	return identify(pid)?.startedAt === startedAt;
}

/** False when it was gone already: nothing is ever sent to another process with its number. */
export function sendSignal(
	identity: ProcessIdentity,
	signal: NodeJS.Signals,
	to: "process" | "group" = "process",
): boolean {
	if (!isAlive(identity)) return false;
	try {
		process.kill(to === "group" ? -identity.pid : identity.pid, signal);
		return true;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
		throw error;
	}
}

/**
 * https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: after the name in parentheses, which may hold anything, come the
 * state and, nineteen fields later, the start in ticks since the machine was started. A zombie has ended.
 */
function startOnLinux(pid: number): string | null {
	const stat = readOrNull(`/proc/${pid}/stat`);
	if (stat === null) return null;
	const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
	const ticks = fields[18];
	if (state === "Z" || state === "X" || ticks === undefined) return null;
	const boot = readOrNull("/proc/sys/kernel/random/boot_id")?.trim() ?? "";
	return `${boot}/${ticks}`;
}

function startByPs(pid: number): string | null {
	if (process.platform === "win32") return null;
	try {
		const text = execFileSync(
			"ps",
			["-o", "state=,lstart=", "-p", String(pid)],
			{
				encoding: "utf8",
				env: { PATH: process.env.PATH, LC_ALL: "C", TZ: "UTC" },
				stdio: ["ignore", "pipe", "ignore"],
			},
		).trim();
		return text === "" || text.startsWith("Z")
			? null
			: text.replace(/^\S+\s+/, "");
	} catch {
		// ps fails when there is no such process.
		return null;
	}
}

function readOrNull(path: string): string | null {
	try {
		return readFileSync(path, "utf8");
	} catch {
		// It ended.
		return null;
	}
}
