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
import { parseBatchedBench } from "../peers/batched-bench.ts";
import { parseBusyTicks, parseProcessTicks } from "./cpu-watch.ts";
import { parseStatus } from "./process-memory.ts";
import { renderResult } from "./result.ts";
import { type ServerCommand, ServerFleet } from "./server-process.ts";

let folder: string;
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "galley-harness-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A server that starts a child of its own and says both ids; `options.health` is the status it answers. */
function createServer(source: string): ServerCommand {
	const path = join(folder, "server.mjs");
	writeFileSync(path, source);
	return {
		name: `test ${process.pid}`,
		command: process.execPath,
		toArguments: (port) => [path, String(port), folder],
	};
}

const withChild = `
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
let asked = 0;
createServer((_, response) => {
  writeFileSync(process.argv[3] + "/pids", process.pid + " " + child.pid);
  response.writeHead(++asked < 3 ? 503 : 200).end();
}).listen(process.argv[2], "127.0.0.1");
process.on("SIGTERM", () => {});
`;

/** A killed child that nobody has waited for yet (a zombie) is not alive. */
function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
	} catch {
		return false;
	}
	const stat = existsSync("/proc")
		? readFileSync(`/proc/${pid}/stat`, "utf8")
		: "";
	return stat.slice(stat.lastIndexOf(")") + 2)[0] !== "Z";
}

test("a server is ready at its first 200, and killing it takes its children along", async () => {
	let pids: number[];
	{
		await using fleet = new ServerFleet();
		const server = await fleet.start(createServer(withChild));
		expect(server.readySeconds).toBeGreaterThan(0);
		pids = readFileSync(join(folder, "pids"), "utf8").split(" ").map(Number);
		expect(pids[0]).toBe(server.pid);
		expect(pids.every(isAlive)).toBe(true);
		server.kill();
		await server.stop();
	}
	await expect.poll(() => pids.some(isAlive)).toBe(false);
});

test("a server that ends while starting is reported with the end of its log", async () => {
	await using fleet = new ServerFleet();
	await expect(
		fleet.start(
			createServer('console.error("no such model"); process.exit(3);'),
		),
	).rejects.toThrow(/ended while starting(.|\n)*no such model/);
});

test("a program's output is captured and its failure is an error", async () => {
	await using fleet = new ServerFleet();
	expect(await fleet.capture(process.execPath, ["-p", "6 * 7"])).toBe("42\n");
	await expect(
		fleet.capture(process.execPath, ["-e", "process.exit(4)"]),
	).rejects.toThrow(/exit code 4/);
});

test("/proc texts are read field by field", () => {
	expect(
		parseStatus(
			"VmPeak:\t  900 kB\nVmRSS:\t  120 kB\nRssAnon:\t 20 kB\n",
			"VmRSS",
		),
	).toBe(120 * 1024);
	expect(parseStatus("", "VmRSS")).toBe(0);
	expect(parseBusyTicks("cpu  10 1 5 1000 50 2 3 4 7 0\ncpu0 1 1 1 1\n")).toBe(
		10 + 1 + 5 + 2 + 3 + 4,
	);
	const stat =
		"17 (a) b (c)) S 1 17 17 0 -1 4194560 100 0 0 0 11 12 13 14 20 0 1 0";
	expect(parseProcessTicks(stat)).toBe(11 + 12 + 13 + 14);
	expect(parseProcessTicks("")).toBe(0);
});

test("batched-bench rows become output tokens a second of prefill and decode together", () => {
	const line = '{"pp":64,"tg":128,"pl":8,"t_tg":4.0,"speed_tg":256.0,"t":5.0}';
	expect(parseBatchedBench(`main: n_kv_max\n${line}\n\n`, "streams")).toEqual([
		{
			concurrency: 8,
			layout: "streams",
			decodeThroughput: 256,
			outputThroughput: 204.8,
		},
	]);
});

test("a result is a page with its conditions, tables and notes", () => {
	const environment = {
		cpu: "Some CPU",
		cpus: 2,
		memoryGiB: 16,
		platform: "linux-x64",
		node: "v20.0.0",
		commit: "abc",
		date: "2026-01-02T03:04:05.000Z",
		loadBefore: 0.1,
	};
	const page = renderResult(
		{ suite: "s", title: "Title", environment },
		{
			conditions: ["model: m"],
			tables: [{ title: "T", head: ["a", "b"], rows: [["1", "2"]] }],
			notes: ["note"],
			data: null,
		},
	);
	expect(page).toBe(`# Title

- 2026-01-02, commit abc, Node v20.0.0
- Some CPU, 2 cores, 16 GiB, linux-x64; load before: 0.1
- model: m

## T

| a | b |
| --- | --: |
| 1 | 2 |

- note
`);
});
