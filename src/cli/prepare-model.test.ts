import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { resolveServiceConfig } from "../config/service-config.ts";
import { describeModel } from "../models/model-description.ts";
import { locateModel } from "./locate-model.ts";
import { createPreparationReport } from "./preparation-report.ts";
import { prepareModel } from "./prepare-model.ts";
import { FakeTerminal } from "./testing/fake-terminal.ts";

const directory = join(
	import.meta.dirname,
	"../../test/fixtures/conversion/llama",
);
const cacheDir = mkdtempSync(join(tmpdir(), "galley-prepare-"));
afterAll(() => rmSync(cacheDir, { recursive: true, force: true }));

const configured = (convertTo: string) =>
	resolveServiceConfig({ flags: { cacheDir, convertTo }, environment: {} });

describe("prepareModel", () => {
	it("converts a directory of safetensors once for each precision", async () => {
		for (const precision of ["f16", "q8_0"]) {
			const config = configured(precision);
			const location = await locateModel(directory, config);
			if (location.kind !== "unconverted") throw new Error(location.kind);
			const stages = new Set<string>();
			const { path } = await prepareModel(location, config, {
				onPreparation: ({ stage }) => stages.add(stage),
				onWarning: () => undefined,
				signal: new AbortController().signal,
			});
			expect([...stages]).toEqual(["convert"]);
			expect((await describeModel(path)).precision).toBe(
				precision.toUpperCase(),
			);
			expect(await locateModel(directory, config)).toMatchObject({
				kind: "here",
				path,
			});
		}
	});

	it("leaves nothing behind when it is interrupted", async () => {
		const config = configured("bf16");
		const location = await locateModel(directory, config);
		if (location.kind !== "unconverted") throw new Error(location.kind);
		const signal = AbortSignal.abort();
		const listener = { onPreparation() {}, onWarning() {}, signal };
		await expect(prepareModel(location, config, listener)).rejects.toThrow();
		expect(await locateModel(directory, config)).toMatchObject({
			kind: "unconverted",
		});
	});
});

describe("createPreparationReport", () => {
	const at = (progress: number) =>
		({
			stage: "download",
			progress,
			receivedBytes: progress * 1e6,
			totalBytes: 1e6,
			bytesPerSecond: 1e5,
			etaSeconds: 9,
		}) as const;

	function report(isTTY: boolean) {
		const terminal = Object.assign(new FakeTerminal(), { isTTY });
		const said: string[] = [];
		let now = 0;
		const logger = { info: (_fields: object, text: string) => said.push(text) };
		const made = createPreparationReport(
			"tiny",
			logger as unknown as Parameters<typeof createPreparationReport>[1],
			terminal,
			() => now,
		);
		const hear = (progress: number) => {
			now += 3000;
			made.hear(at(progress));
		};
		return { hear, said, terminal };
	}

	it("logs the beginning and every ten per cent where there is no terminal", () => {
		const { hear, said, terminal } = report(false);
		for (const progress of [0, 0.04, 0.11, 0.15, 0.5, 0.55, 1]) hear(progress);
		expect(said).toEqual(
			[0, 11, 50, 100].map(
				(percent) => `tiny: downloading, ${percent} %, about 9 s left.`,
			),
		);
		expect(terminal.written).toBe("");
	});

	it("keeps to one line on a terminal", () => {
		const { hear, said, terminal } = report(true);
		hear(0.5);
		expect(said).toEqual([]);
		expect(terminal.written).toContain("downloading tiny [==========");
	});
});
