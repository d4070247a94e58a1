import { mkdtemp, readdir, rm, unlink, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FileLock, withFileLock } from "./file-lock.ts";

const timing = { pollMs: 2, heartbeatMs: 10, staleMs: 150 };
let directory: string;
let path: string;

beforeEach(async () => {
	directory = await mkdtemp(join(tmpdir(), "galley-lock-"));
	path = join(directory, "lock");
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe("FileLock", () => {
	it("lets one in at a time, and everybody in the end", async () => {
		let inside = 0;
		let turns = 0;
		await Promise.all(
			Array.from({ length: 8 }, () =>
				withFileLock(path, { timing }, async () => {
					inside++;
					expect(inside).toBe(1);
					await delay(1);
					inside--;
					turns++;
				}),
			),
		);
		expect(turns).toBe(8);
		expect(await readdir(directory)).toEqual([]);
	});

	it("is taken over by exactly one waiter when its heartbeat has stopped", async () => {
		const elsewhere = { token: "x", pid: 1, host: "another machine" };
		await writeFile(path, JSON.stringify(elsewhere));
		let held = 0;
		const waiters = Array.from({ length: 5 }, async () => {
			const lock = await FileLock.acquire(path, { timing });
			held++;
			expect(held).toBe(1);
			await delay(20);
			held--;
			await lock?.release();
		});
		await Promise.all(waiters);
	});

	it("takes over what a dead process or a half-written lock has left", async () => {
		await writeFile(path, "");
		await writeFile(`${path}.takeover`, "");
		const lock = await FileLock.acquire(path, { timing });
		expect(lock).not.toBe(null);
		await lock?.release();
		expect(await readdir(directory)).toEqual([]);
	});

	it("is kept as long as the heartbeat goes on", async () => {
		const lock = await FileLock.acquire(path, { timing });
		const until = performance.now() + 200;
		const other = await FileLock.acquire(path, {
			timing,
			onWait: async () => performance.now() > until,
		});
		expect(other).toBe(null);
		await lock?.assertHeld();
		await lock?.release();
	});

	it("tells its holder when it is lost, and does not remove another's", async () => {
		const lock = await FileLock.acquire(path, { timing });
		await unlink(path);
		const other = JSON.stringify({
			token: "y",
			pid: process.pid,
			host: hostname(),
		});
		await writeFile(path, other);
		await expect(lock?.assertHeld()).rejects.toThrow("has taken over");
		expect(lock?.lost.aborted).toBe(true);
		await lock?.release();
		expect(await readdir(directory)).toEqual(["lock"]);
	});

	it("ends waiting with the signal", async () => {
		const lock = await FileLock.acquire(path, { timing });
		const signal = AbortSignal.timeout(20);
		await expect(FileLock.acquire(path, { timing, signal })).rejects.toThrow();
		await lock?.release();
	});
});
