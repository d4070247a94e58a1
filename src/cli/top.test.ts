import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeTerminal } from "./testing/fake-terminal.ts";
import {
	startWatchedService,
	type WatchedService,
} from "./testing/watched-service.ts";
import { runTop, type TopFlags } from "./top.ts";

let service: WatchedService;
beforeEach(async () => {
	service = await startWatchedService();
});
afterEach(() => service[Symbol.asyncDispose]());

function run(
	flags: Partial<TopFlags>,
	{ isTTY = false, environment = {} } = {},
) {
	const stdin = new FakeTerminal();
	const stdout = new FakeTerminal();
	stdin.isTTY = isTTY;
	stdout.isTTY = isTTY;
	const exit = runTop(
		{ url: service.url, interval: 0.1, ...flags },
		{ stdin, stdout, environment },
	);
	return { exit, stdin, stdout };
}

const leave = "\u001b[?1049l";

describe("galley top", () => {
	it("prints one plain frame with rates where nobody looks", async () => {
		const { exit, stdout } = run({});
		expect(await exit).toBe(0);
		expect(stdout.written).toContain("scripted   ready");
		expect(stdout.written).toContain("0/s generated");
		expect(stdout.written).toContain("Nothing runs or waits.");
		expect(stdout.written).not.toContain("\u001b");
	});

	it("prints one frame on a terminal too when asked, in its colours", async () => {
		const looks = { isTTY: true };
		const coloured = run({ once: true }, looks);
		expect(await coloured.exit).toBe(0);
		expect(coloured.stdout.written).toContain("\u001b[32mready");
		expect(coloured.stdout.written).not.toContain(leave);
		const plain = run(
			{ once: true },
			{ ...looks, environment: { NO_COLOR: "1" } },
		);
		await plain.exit;
		expect(plain.stdout.written).not.toContain("\u001b");
	});

	it("prints lines of JSON until it is stopped", async () => {
		const { exit, stdout } = run({ json: true });
		await vi.waitUntil(() => stdout.written.split("\n").length > 2);
		process.emit("SIGINT");
		expect(await exit).toBe(130);
		const lines = stdout.written.trim().split("\n");
		for (const line of lines)
			expect(JSON.parse(line)).toMatchObject({ model: "scripted", running: 0 });
	});

	it("redraws the screen, follows its size, and gives it back when q is pressed", async () => {
		const { exit, stdin, stdout } = run({}, { isTTY: true });
		const frames = () => stdout.written.split("\u001b[H").length - 1;
		await vi.waitUntil(() => frames() >= 2);
		stdout.columns = 30;
		const before = stdout.written.length;
		stdout.emit("resize");
		expect(stdout.written.slice(before)).toContain("galley top");
		expect(stdout.written).toContain("q quits");
		stdin.emit("data", Buffer.from("q"));
		expect(await exit).toBe(0);
		expect(stdout.written.endsWith(leave)).toBe(true);
		expect(stdin.isRaw).toBe(false);
	});

	it("gives the screen back on Ctrl-C, whether it comes as a key or as a signal", async () => {
		for (const isKey of [true, false]) {
			const { exit, stdin, stdout } = run({}, { isTTY: true });
			await vi.waitUntil(() => stdout.written.includes("galley top"));
			if (isKey) stdin.emit("data", Buffer.from("\u0003"));
			else process.emit("SIGINT");
			expect(await exit).toBe(130);
			expect(stdout.written.endsWith(leave)).toBe(true);
		}
	});

	it("goes on while the service is away", async () => {
		const { exit, stdin, stdout } = run({}, { isTTY: true });
		await vi.waitUntil(() => stdout.written.includes("galley top"));
		await service[Symbol.asyncDispose]();
		await vi.waitUntil(() => stdout.written.includes("trying again"));
		stdin.emit("data", Buffer.from("q"));
		expect(await exit).toBe(0);
	});

	it("says how to start a service when there is none, on the normal screen", async () => {
		const { exit, stdout } = run(
			{ url: "http://127.0.0.1:9" },
			{ isTTY: true },
		);
		await expect(exit).rejects.toMatchObject({
			code: "engine_unavailable",
			message: expect.stringMatching(/127\.0\.0\.1:9.*galley run MODEL/),
		});
		expect(stdout.written).toBe("");
	});
});
