import { spawn } from "node:child_process";
import { once } from "node:events";
import {
	existsSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DirectoryLock } from "./directory-lock.ts";

let folder = "";
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "galley-lock-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const directory = () => join(folder, "deeper/database");
const file = () => `${directory()}.lock`;
function locked(): Record<string, unknown> {
	new DirectoryLock(directory()).acquire();
	return JSON.parse(readFileSync(file(), "utf8"));
}

test("a second one is refused and told who has it, until the first lets go", () => {
	const first = new DirectoryLock(directory());
	first.acquire();
	const second = new DirectoryLock(directory());
	expect(() => second.acquire()).toThrow(`Process ${process.pid} has`);
	first.release();
	second.acquire();
	second.release();
	expect(existsSync(file())).toBe(false);
});

test("what a dead process left is taken over", async () => {
	const holder = locked();
	const child = spawn(process.execPath, ["--version"], { stdio: "ignore" });
	await once(child, "exit");
	writeFileSync(file(), JSON.stringify({ ...holder, pid: child.pid }));
	expect(locked()).toEqual(holder);
});

test.runIf(process.platform === "linux")(
	"a process that got the number of a dead one is not taken for it",
	() => {
		const holder = locked();
		writeFileSync(file(), JSON.stringify({ ...holder, startedAt: "1" }));
		expect(locked()).toEqual(holder);
	},
);

test("a holder on another host counts as gone", () => {
	const holder = locked();
	writeFileSync(file(), JSON.stringify({ ...holder, host: "elsewhere" }));
	expect(locked()).toEqual(holder);
});

test("a lock file that was cut off counts as nobody's", () => {
	const holder = locked();
	writeFileSync(file(), JSON.stringify(holder).slice(0, 9));
	expect(locked()).toEqual(holder);
});

test("a folder that can't be made is told", () => {
	writeFileSync(join(folder, "deeper"), "a file");
	expect(() => new DirectoryLock(directory()).acquire()).toThrow();
});
