import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { GalleyError } from "../../core/errors.ts";

interface LockHolder {
	pid: number;
	host: string;
	/** When the process began, in the kernel's ticks; null where the system doesn't tell. Process ids are used again. */
	startedAt: string | null;
}

/**
 * Two processes in one PGlite directory destroy it, and PGlite doesn't look. A file beside the directory names the process
 * that has it; what a killed process left is seen and taken over. A holder on another host can't be checked: it counts as
 * gone, because a container that was started anew has a new host name.
 */
export class DirectoryLock {
	readonly #path: string;

	constructor(directory: string) {
		this.#path = `${directory}.lock`;
	}

	acquire(): void {
		mkdirSync(dirname(this.#path), { recursive: true });
		for (let attempt = 0; attempt < 3; attempt++) {
			if (this.#write()) return;
			const holder = this.#read();
			if (holder !== null && isAlive(holder))
				throw new GalleyError(
					"invalid_configuration",
					`Process ${holder.pid} has the database of ${this.#path.slice(0, -".lock".length)} open. Stop it, choose another directory with GALLEY_DATA_DIR, or let both use one PostgreSQL by GALLEY_DATABASE_URL.`,
				);
			rmSync(this.#path, { force: true });
		}
		throw new GalleyError(
			"invalid_configuration",
			`${this.#path} can't be written. Look at the rights of its folder.`,
		);
	}

	release(): void {
		rmSync(this.#path, { force: true });
	}

	#write(): boolean {
		const holder: LockHolder = {
			pid: process.pid,
			host: hostname(),
			startedAt: startOfProcess(process.pid),
		};
		try {
			writeFileSync(this.#path, JSON.stringify(holder), { flag: "wx" });
			return true;
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
			throw new GalleyError(
				"invalid_configuration",
				`${this.#path} can't be written. Look at the rights of its folder.`,
				{ cause: error },
			);
		}
	}

	#read(): LockHolder | null {
		try {
			return JSON.parse(readFileSync(this.#path, "utf8")) as LockHolder;
		} catch {
			// Gone meanwhile, or cut off by a crash: nobody's either way.
			return null;
		}
	}
}

function isAlive(holder: LockHolder): boolean {
	if (holder.host !== hostname()) return false;
	try {
		process.kill(holder.pid, 0);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
	}
	return startOfProcess(holder.pid) === holder.startedAt;
}

/** Field 22 of /proc/PID/stat (proc(5)); the name in field 2 may hold spaces and brackets. */
function startOfProcess(pid: number): string | null {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
		return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
	} catch {
		// No such file system, as on macOS and Windows.
		return null;
	}
}
