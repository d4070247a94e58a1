import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseModelReference } from "../model-reference.ts";
import { DownloadSetting, weights } from "../testing/download-setting.ts";

const child = fileURLToPath(
	new URL("../testing/download-child.ts", import.meta.url),
);
const model = weights(2_000_001, 4);
const sha256 = createHash("sha256").update(model).digest("hex");
const reference = "hf://org/model:Q8_0";

let setting: DownloadSetting;

beforeEach(async () => {
	setting = await DownloadSetting.create();
	setting.server.add("org/model", { "model-Q8_0.gguf": model });
});
afterEach(() => setting.end());

class Downloader {
	output = "";
	readonly process: ChildProcess;
	readonly ended: Promise<unknown>;

	constructor(directory: string) {
		this.process = spawn(
			process.execPath,
			["--import", "tsx", child, setting.server.endpoint, directory, reference],
			{ stdio: ["pipe", "pipe", "inherit"] },
		);
		this.process.stdout?.on("data", (piece) => {
			this.output += String(piece);
		});
		this.ended = once(this.process, "close");
	}

	async begin(): Promise<void> {
		await this.says("ready\n");
		this.process.stdin?.write("go\n");
	}

	async says(text: string): Promise<void> {
		while (!this.output.includes(text)) {
			if (this.process.exitCode !== null)
				throw new Error(`ended without saying "${text}": ${this.output}`);
			await delay(2);
		}
	}

	async kill(): Promise<void> {
		this.process.kill("SIGKILL");
		await this.ended;
	}
}

describe("a download whose process is killed", () => {
	it("ends with the right digest after 20 kills at random moments", async () => {
		setting.server.faults.dripMs = 12;
		setting.server.faults.pieceBytes = 16 * 1024;
		const directory = setting.cache.directory;
		const started = [new Downloader(directory), new Downloader(directory)];
		let completed = 0;
		for (let kill = 0; kill < 20; kill++) {
			// Two more are starting while this one works.
			started.push(new Downloader(directory));
			const downloader = started.shift();
			await downloader?.begin();
			await Promise.race([delay(Math.random() * 120), downloader?.ended]);
			await downloader?.kill();
			const found = await setting.cache.find(parseModelReference(reference));
			if (found === null) continue;
			// What the cache calls complete is complete, whenever the process died.
			expect((await setting.cache.verify(found)).isIntact).toBe(true);
			await setting.cache.remove(found);
			completed++;
		}
		expect(completed).toBeLessThan(20);
		setting.server.faults.dripMs = 0;
		const [last, spare] = started;
		await spare?.kill();
		await last?.begin();
		await last?.ended;
		// A process killed while it took a lock over leaves one poll's waiting behind.
		expect(last?.output.endsWith(`\n${sha256}\n`)).toBe(true);
	}, 160_000);
});

describe("two processes that want one file", () => {
	it("download it once, and the one that waits shows it", async () => {
		setting.server.faults.dripMs = 20;
		const directory = setting.cache.directory;
		const both = [new Downloader(directory), new Downloader(directory)];
		await Promise.all(both.map((one) => one.says("ready\n")));
		await Promise.all(both.map((one) => one.begin()));
		await Promise.all(both.map(({ ended }) => ended));
		for (const { output } of both)
			expect(output.endsWith(`${sha256}\n`)).toBe(true);
		expect(both.some(({ output }) => output.includes("waits for"))).toBe(true);
		expect(setting.server.sentBytes).toBe(model.length);
	}, 60_000);

	it("the waiting one takes over when the first is killed", async () => {
		setting.server.faults.dripMs = 100;
		setting.server.faults.pieceBytes = 16 * 1024;
		const directory = join(setting.directory, "other");
		const first = new Downloader(directory);
		const second = new Downloader(directory);
		await second.says("ready\n");
		await first.begin();
		while (setting.server.sentBytes === 0) await delay(5);
		await second.begin();
		await second.says(`waits for ${first.process.pid}`);
		await first.kill();
		setting.server.faults.dripMs = 0;
		await second.ended;
		expect(second.output.endsWith(`${sha256}\n`)).toBe(true);
	}, 60_000);
});
