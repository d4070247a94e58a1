import { randomUUID } from "node:crypto";
import { readlinkSync } from "node:fs";
import { open, readFile, stat, unlink, utimes } from "node:fs/promises";
import { hostname } from "node:os";
import { z } from "zod";
import { GalleyError } from "../../core/errors.ts";
import { abortableDelay } from "../hub/abortable-delay.ts";

export interface LockTiming {
	heartbeatMs: number;
	/** A lock whose heartbeat was not seen for this long, by the watcher's own clock, is taken over. */
	staleMs: number;
	pollMs: number;
}

const defaultTiming: LockTiming = {
	heartbeatMs: 1000,
	staleMs: 15_000,
	pollMs: 200,
};

const ownerShape = z.object({
	token: z.string(),
	pid: z.number().int(),
	host: z.string(),
});
type LockOwner = z.infer<typeof ownerShape>;

interface AcquireOptions {
	signal?: AbortSignal | undefined;
	/** Called about every `pollMs` while another process holds the lock. True ends the wait without the lock. */
	onWait?: (ownerPid: number | null) => Promise<boolean>;
	timing?: Partial<LockTiming>;
}

/**
 * One holder among all processes that share a folder, also over a network file system: a file that exists while the
 * lock is held, with the holder's name in it and a heartbeat on its time stamp. A holder that was killed is noticed at
 * once on the same machine, after `staleMs` from elsewhere.
 */
export class FileLock {
	readonly #path: string;
	readonly #token: string;
	readonly #timer: NodeJS.Timeout;
	readonly #lost = new AbortController();

	private constructor(path: string, token: string, timing: LockTiming) {
		this.#path = path;
		this.#token = token;
		this.#timer = setInterval(() => void this.#beat(), timing.heartbeatMs);
		this.#timer.unref();
	}

	/** Waits for the lock; null when `onWait` ended the wait. */
	static async acquire(
		path: string,
		{ signal, onWait, timing: given }: AcquireOptions = {},
	): Promise<FileLock | null> {
		const timing = { ...defaultTiming, ...given };
		const token = randomUUID();
		const watch = new HeartbeatWatch(timing);
		const takeoverWatch = new HeartbeatWatch(timing);
		for (;;) {
			signal?.throwIfAborted();
			if (await createLock(path, token))
				return new FileLock(path, token, timing);
			const seen = await look(path);
			if (seen === null) continue;
			if (watch.isStale(seen) || isDead(seen.owner)) {
				if (await takeOver(path, seen, token, takeoverWatch))
					return new FileLock(path, token, timing);
			}
			if ((await onWait?.(seen.owner?.pid ?? null)) === true) return null;
			await abortableDelay(timing.pollMs, signal);
		}
	}

	/** Aborts when another process has taken the lock over, e.g. because this one was stopped for long. */
	get lost(): AbortSignal {
		return this.#lost.signal;
	}

	/** Throws when the lock is no longer ours: call it before whatever only the holder may do. */
	async assertHeld(): Promise<void> {
		const seen = await look(this.#path);
		if (seen?.owner?.token !== this.#token) this.#lose();
		this.#lost.signal.throwIfAborted();
	}

	async release(): Promise<void> {
		clearInterval(this.#timer);
		const seen = await look(this.#path);
		if (seen?.owner?.token === this.#token) await removeIfThere(this.#path);
	}

	async #beat(): Promise<void> {
		try {
			const seen = await look(this.#path);
			if (seen?.owner?.token !== this.#token) return this.#lose();
			const now = new Date();
			await utimes(this.#path, now, now);
		} catch (cause) {
			// The folder is gone or unreachable, so nobody can trust this lock any more.
			this.#lose(cause);
		}
	}

	#lose(cause?: unknown): void {
		clearInterval(this.#timer);
		this.#lost.abort(
			new GalleyError(
				"download_failed",
				`Another process has taken over the work guarded by "${this.#path}". Run the command again to join it.`,
				{ cause },
			),
		);
	}
}

/** Holds the lock while `work` runs. */
export async function withFileLock<Result>(
	path: string,
	options: Pick<AcquireOptions, "signal" | "timing">,
	work: () => Promise<Result>,
): Promise<Result> {
	const lock = await FileLock.acquire(path, options);
	try {
		return await work();
	} finally {
		await lock?.release();
	}
}

interface SeenLock {
	owner: LockOwner | null;
	/** Changes with every heartbeat. */
	beat: string;
}

/**
 * Clocks of machines differ, so what counts is how long nothing has changed before our own eyes. A long gap between two
 * looks (the machine slept, and the holder with it) counts as a short one.
 */
class HeartbeatWatch {
	readonly #staleMs: number;
	readonly #longestGapMs: number;
	#last = "";
	#lookedMs = 0;
	#unchangedMs = 0;

	constructor({ staleMs, pollMs }: LockTiming) {
		this.#staleMs = staleMs;
		this.#longestGapMs = pollMs * 5;
	}

	isStale({ beat }: SeenLock): boolean {
		const nowMs = performance.now();
		const gapMs = Math.min(nowMs - this.#lookedMs, this.#longestGapMs);
		this.#lookedMs = nowMs;
		this.#unchangedMs = beat === this.#last ? this.#unchangedMs + gapMs : 0;
		this.#last = beat;
		return this.#unchangedMs > this.#staleMs;
	}
}

async function createLock(path: string, token: string): Promise<boolean> {
	const owner: LockOwner = { token, pid: process.pid, host: thisHost() };
	try {
		const file = await open(path, "wx");
		try {
			await file.write(`${JSON.stringify(owner)}\n`);
		} finally {
			await file.close();
		}
		return true;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
		throw error;
	}
}

async function look(path: string): Promise<SeenLock | null> {
	try {
		const [text, { mtimeMs, ino }] = await Promise.all([
			readFile(path, "utf8"),
			stat(path),
		]);
		const owner = ownerShape.safeParse(ownerJson(text));
		return {
			// A lock that is empty is being written right now, or its writer died before the first byte.
			owner: owner.success ? owner.data : null,
			beat: `${ino} ${mtimeMs} ${text}`,
		};
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
		throw error;
	}
}

function ownerJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch (error) {
		if (error instanceof SyntaxError) return null;
		throw error;
	}
}

/**
 * Several waiters may find the same dead lock. The one who creates the second file replaces the lock, if it is still the
 * one that was seen; so nobody removes the new lock of somebody who was quicker.
 */
async function takeOver(
	path: string,
	dead: SeenLock,
	token: string,
	watch: HeartbeatWatch,
): Promise<boolean> {
	const guard = `${path}.takeover`;
	if (!(await createLock(guard, token))) {
		const other = await look(guard);
		if (other !== null && (isDead(other.owner) || watch.isStale(other)))
			await removeIfThere(guard);
		return false;
	}
	try {
		const now = await look(path);
		if (now !== null && now.beat !== dead.beat) return false;
		await removeIfThere(path);
		return await createLock(path, token);
	} finally {
		await removeIfThere(guard);
	}
}

function isDead(owner: LockOwner | null): boolean {
	if (owner === null || owner.host !== thisHost()) return false;
	try {
		process.kill(owner.pid, 0);
		return false;
	} catch (error) {
		// EPERM: it lives, and belongs to somebody else.
		return (error as NodeJS.ErrnoException).code === "ESRCH";
	}
}

/** Process numbers only mean something within one machine, and there within one container. */
function thisHost(): string {
	try {
		return `${hostname()} ${readlinkSync("/proc/self/ns/pid")}`;
	} catch (error) {
		if (process.platform === "linux") throw error;
		return hostname();
	}
}

async function removeIfThere(path: string): Promise<void> {
	try {
		await unlink(path);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
	}
}
