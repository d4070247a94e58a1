import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { ensureRandomModel } from "../../bench/random-model/random-model.ts";
import { resolveServiceConfig } from "../config/service-config.ts";
import { createLlamaModule } from "../engine/llama/llama.ts";
import { readHardware } from "../models/hardware.ts";
import { measuredBest } from "../models/measured-profiles.ts";
import { identifyMachine } from "../models/model-identity.ts";
import { readEvaluationText } from "./evaluation-text.ts";
import { type OptimizeOptions, optimizeModel } from "./optimize-model.ts";
import { writeReport } from "./write-report.ts";

const folder = mkdtempSync(join(tmpdir(), "galley-optimize-"));
afterAll(() => rmSync(folder, { recursive: true }));

const hardware = readHardware();
const options = async (): Promise<OptimizeOptions> => ({
	name: "tiny",
	modelPath: ensureRandomModel("tiny", "f16"),
	referencePath: null,
	setting: {
		hardware,
		accelerator: null,
		asked: resolveServiceConfig({
			flags: { maxModelLen: "512", threads: "1" },
			environment: {},
		}),
		search: {},
		memoryMap: true,
		memoryLock: false,
	},
	pinned: new Set(["threads"]),
	precisions: ["Q8_0"],
	constraints: {
		targetItlMs: null,
		targetTtftMs: null,
		maxKl: 10,
		maxPerplexityLoss: null,
		maxMemoryBytes: null,
	},
	load: {
		concurrencies: [1],
		inputTokens: 16,
		outputTokens: 16,
		prefixTokens: 0,
	},
	text: await readEvaluationText(null),
	windows: 1,
	minutes: 0.01,
	repeats: 1,
	isFresh: false,
	keepsVariants: false,
	dataDirectory: folder,
	release: "1",
	openVocabulary: (path) => createLlamaModule().loadVocabulary(path),
	onProgress: () => undefined,
	onWarning: () => undefined,
});

describe("optimizeModel", () => {
	it("measures real weights, keeps the best for galley run, and goes on where it stopped", async () => {
		const asked = await options();
		const first = await optimizeModel(asked);
		expect(first.report.isComplete).toBe(false);
		const [row] = first.report.rows;
		expect(row).toMatchObject({ isWinner: true, isBaseline: true, runs: 1 });
		expect(row?.accuracy).toMatchObject({ meanKl: 0, topAgreement: 1 });
		expect(row?.peakMemoryBytes).toBeGreaterThan(20e6);
		const best = await measuredBest({
			dataDirectory: folder,
			modelPath: asked.modelPath,
			machine: identifyMachine(hardware),
			release: "1",
		});
		expect(best).toMatchObject({
			variantPath: asked.modelPath,
			settings: { threads: 1, kvTypeK: "f16" },
		});

		const second = await optimizeModel(asked);
		expect(second.report.reusedResults).toBeGreaterThanOrEqual(2);
		const other = second.report.rows.find(
			({ precision }) => precision === "Q8_0",
		);
		expect(other?.accuracy?.meanKl).toBeGreaterThan(0);
		expect(other?.accuracy?.meanKl).toBeLessThan(0.1);
		const runs = (report: typeof first.report) =>
			report.rows.reduce((sum, { runs: count }) => sum + count, 0);
		expect(runs(second.report)).toBe(runs(first.report) + 1);

		const written = await writeReport(join(folder, "report"), second.report);
		expect(JSON.parse(readFileSync(written.json, "utf8"))).toEqual(
			JSON.parse(JSON.stringify(second.report)),
		);
		expect(readdirSync(join(folder, "report")).sort()).toEqual(
			expect.arrayContaining(["report.html", "report.json", "report.svg"]),
		);
		if (written.png !== null)
			expect(readFileSync(written.png).subarray(1, 4).toString()).toBe("PNG");
	}, 180_000);

	it("refuses a load that the context can't hold, before anything is measured", async () => {
		const asked = await options();
		const load = { ...asked.load, outputTokens: 600 };
		await expect(optimizeModel({ ...asked, load })).rejects.toThrow(
			/616 tokens a request.*holds 512/,
		);
	});
});
