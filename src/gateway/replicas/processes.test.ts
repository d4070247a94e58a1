import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LogFile, lastLines } from "./log-file.ts";
import { readLogLine } from "./log-line.ts";
import { identify, isAlive, sendSignal } from "./process-identity.ts";
import { readRecord, writeRecord } from "./process-record.ts";
import { adoptProcess } from "./running-process.ts";
import { StartGate } from "./start-gate.ts";

let directory: string;
beforeEach(async () => {
	directory = await mkdtemp(join(tmpdir(), "galley-processes-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe("a process", () => {
	test("is known by its number and its start; another one with its number is not it, and is never killed", async () => {
		const child = spawn("sleep", ["60"]);
		const identity = identify(child.pid as number);
		expect(identity).not.toBeNull();
		if (identity === null) return;
		expect(isAlive(identity)).toBe(true);
		const reused = { ...identity, startedAt: "another time" };
		expect(isAlive(reused)).toBe(false);
		expect(sendSignal(reused, "SIGKILL")).toBe(false);
		expect(isAlive(identity)).toBe(true);
		expect(adoptProcess(reused)).toBeNull();
		const adopted = adoptProcess(identity);
		expect(sendSignal(identity, "SIGKILL")).toBe(true);
		await once(child, "exit");
		expect(await adopted?.ended).toBe("it ended");
		expect(isAlive(identity)).toBe(false);
		expect(sendSignal(identity, "SIGKILL")).toBe(false);
	});

	test("leaves a record that can be read again; half a record is none", async () => {
		const path = join(directory, "a-1.json");
		const record = {
			pid: 1,
			startedAt: "then",
			id: "a/1",
			digest: "d",
			launchedAt: 2,
		};
		writeRecord(path, record);
		expect(readRecord(path)).toEqual(record);
		await writeFile(path, '{"pid":1');
		expect(readRecord(path)).toBeNull();
		expect(readRecord(join(directory, "none.json"))).toBeNull();
	});
});

describe("a log file", () => {
	test("is followed line by line from now on, and kept short", async () => {
		const path = join(directory, "a.log");
		await writeFile(path, "before\n");
		const heard: string[] = [];
		const log = new LogFile({
			path,
			maxBytes: 1000,
			onLine: (line) => heard.push(line),
		});
		await log.look();
		await appendFile(path, "half a ");
		await log.look();
		await appendFile(path, "line \u00e4\nnext\n");
		await log.look();
		expect(heard).toEqual(["half a line \u00e4", "next"]);
		await appendFile(path, `${"x".repeat(999)}\n`);
		await log.look();
		expect((await readFile(path)).length).toBe(0);
		await appendFile(path, "after\n");
		await log.look();
		expect(heard.at(-1)).toBe("after");
		// The last lines are found across the cut.
		expect(await lastLines(path, 2)).toEqual(["x".repeat(999), "after"]);
		expect(await lastLines(path, 10)).toHaveLength(5);
	});

	test("has no lines where there is none", async () => {
		expect(await lastLines(join(directory, "none.log"), 5)).toEqual([]);
	});

	test("a line is told once: its time stands beside its text", () => {
		const line = JSON.stringify({
			level: "warn",
			time: "2025-03-09T14:05:06.007Z",
			message: "It is late",
			model: "starter-chat",
		});
		expect(readLogLine(line)).toEqual({
			at: "2025-03-09T14:05:06.007Z",
			level: "warn",
			text: "It is late  model=starter-chat",
		});
		const plain = `{"level":30,"time":1741529106007,"pid":7,"hostname":"h","msg":"Listening"}`;
		expect(readLogLine(plain)).toEqual({
			at: "2025-03-09T14:05:06.007Z",
			level: "info",
			text: "Listening",
		});
		expect(readLogLine("Segmentation fault")).toEqual({
			at: null,
			level: null,
			text: "Segmentation fault",
		});
		expect(readLogLine('{"time":1}').text).toBe('{"time":1}');
	});
});

test("a gate lets so many in at a time, and who gives up takes no place", async () => {
	const gate = new StartGate(1);
	const patience = new AbortController();
	const first = await gate.enter(new AbortController().signal);
	const second = gate.enter(patience.signal);
	let third: (() => void) | null = null;
	void gate.enter(new AbortController().signal).then((leave) => {
		third = leave;
	});
	patience.abort();
	(await second)();
	await delay(1);
	expect(third).toBeNull();
	first();
	await delay(1);
	expect(third).not.toBeNull();
});
