import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { getJson, streamChat, until } from "./start-service.ts";

/** `galley run` as a process of its own: what its user and its supervisor see. */

const main = join(import.meta.dirname, "../src/cli/main.ts");
const starter = join(
	import.meta.dirname,
	"../models/starter-chat/starter-chat-q8_0.gguf",
);
const folder = mkdtempSync(join(tmpdir(), "galley-run-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function galleyRun(...words: string[]) {
	const child = spawn(
		process.execPath,
		["--import", "tsx", main, "run", ...words],
		{ stdio: ["ignore", "ignore", "pipe"] },
	);
	const seen = { text: "" };
	child.stderr.setEncoding("utf8").on("data", (text: string) => {
		seen.text += text;
	});
	const exit = new Promise<number | string>((resolve) =>
		child.once("close", (code, signal) => resolve(code ?? signal ?? "unknown")),
	);
	const url = async () => {
		await until(() => /Ready: .* answers at /.test(seen.text));
		return /answers at (http\S+)\/v1 /.exec(seen.text)?.[1] ?? "";
	};
	return { child, seen, exit, url };
}

async function freePort(): Promise<{ port: number; close: () => void }> {
	const server = createServer();
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const address = server.address();
	return {
		port: typeof address === "object" && address !== null ? address.port : 0,
		close: () => server.close(),
	};
}

describe("galley run", () => {
	test("SIGTERM while streaming: the stream is finished, and the exit code is 0", async () => {
		const { child, exit, url } = galleyRun("fake:?stepMs=10", "--port", "0");
		const address = await url();
		let hasText = () => {};
		const text = new Promise<void>((resolve) => {
			hasText = resolve;
		});
		const streaming = streamChat(address, { max_tokens: 60 }, hasText);
		await text;
		child.kill("SIGTERM");
		expect(await streaming).toMatchObject({
			isDone: true,
			errors: [],
			finishReasons: ["length"],
		});
		expect(await exit).toBe(0);
	});

	test.runIf(process.platform === "linux")(
		"killed without warning: its engine process goes with it",
		async () => {
			const { child, exit, url } = galleyRun("fake:", "--port", "0");
			await getJson(`${await url()}/health`);
			const children = await childrenOf(child.pid as number);
			expect(children.length).toBe(1);
			child.kill("SIGKILL");
			await exit;
			await until(() => children.every((pid) => !isAlive(pid)));
		},
	);

	test.runIf(process.platform === "linux")(
		"killed at any moment of loading a real model: nothing stays behind",
		async () => {
			for (const delayMs of [0, 60, 120, 250, 400]) {
				const { child, exit } = galleyRun(starter, "--port", "0");
				let children: number[] = [];
				await until(async () => {
					children = await childrenOf(child.pid as number);
					return children.length > 0;
				});
				await new Promise((resolve) => setTimeout(resolve, delayMs));
				child.kill("SIGKILL");
				await exit;
				await until(() => children.every((pid) => !isAlive(pid)));
			}
		},
	);

	test("a port in use: a message that says so, exit code 5", async () => {
		const { port, close } = await freePort();
		const { exit, seen } = galleyRun("fake:", "--port", String(port));
		expect(await exit).toBe(5);
		expect(seen.text).toMatch(
			new RegExp(`Can't listen on 127.0.0.1:${port}: it is in use`),
		);
		close();
	});

	test("a file that is no GGUF, and a GGUF that is cut: exit code 3 and the reason", async () => {
		const text = join(folder, "text.gguf");
		writeFileSync(text, "This is not a model.");
		const noGguf = galleyRun(text);
		expect(await noGguf.exit).toBe(3);
		expect(noGguf.seen.text).toMatch(/is no GGUF|not a GGUF/);

		const cut = join(folder, "cut.gguf");
		await copyFile(starter, cut);
		truncateSync(cut, 1_000_000);
		const truncated = galleyRun(cut);
		expect(await truncated.exit).toBe(3);
		expect(truncated.seen.text).toMatch(/truncated|cut|incomplete|ends/i);
	});

	test("a wrong option: exit code 2 and every problem at once", async () => {
		const { exit, seen } = galleyRun(
			"fake:",
			"--port",
			"seventy",
			"--max-num-seqs",
			"0",
		);
		expect(await exit).toBe(2);
		expect(seen.text).toMatch(/--port must be a whole number/);
		expect(seen.text).toMatch(/--max-num-seqs must be/);
	});

	test("a dry run of somebody else's engine looks for no model, and tells what would be started", async () => {
		const child = spawn(
			process.execPath,
			[
				...["--import", "tsx", main, "run", "org/nowhere", "--dry-run"],
				...["--engine", "openai", "--max-num-seqs", "3"],
				...["--engine-command", "serve {model} --port {port}"],
			],
			{ stdio: ["ignore", "pipe", "pipe"] },
		);
		let said = "";
		child.stdout.on("data", (piece) => {
			said += piece;
		});
		const code = await new Promise((resolve) => child.once("close", resolve));
		expect(code).toBe(0);
		expect(said).toMatch(/^max-num-seqs +3 +--max-num-seqs$/m);
		expect(said).toContain(
			"The engine is started as: serve org/nowhere --port A_FREE_PORT",
		);
	});

	test("an unknown model: exit code 3 and what was probably meant", async () => {
		const { exit, seen } = galleyRun("starter-chatt");
		expect(await exit).toBe(3);
		expect(seen.text).toMatch(/Did you mean "starter-chat"/);
	});
});

async function childrenOf(parent: number): Promise<number[]> {
	const { readFile, readdir } = await import("node:fs/promises");
	const children: number[] = [];
	for (const name of await readdir("/proc").catch(() => [])) {
		const status = await readFile(`/proc/${name}/stat`, "utf8").catch(() => "");
		// pid (command) state parent
		const [, parentField] = /\) \S (\d+) /.exec(status) ?? [];
		if (Number(parentField) === parent) children.push(Number(name));
	}
	return children;
}

function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return (error as NodeJS.ErrnoException).code !== "ESRCH";
	}
}
