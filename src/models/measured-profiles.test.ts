import {
	copyFileSync,
	mkdtempSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
	type MeasuredProfile,
	measuredBest,
	profilesPath,
	readMeasuredProfiles,
	writeMeasuredProfiles,
} from "./measured-profiles.ts";
import {
	identifyMachine,
	identifyModel,
	type MachineIdentity,
	type ModelIdentity,
} from "./model-identity.ts";

const starterModel = fileURLToPath(
	new URL("../../models/starter-chat/starter-chat-q8_0.gguf", import.meta.url),
);

const machine: MachineIdentity = identifyMachine({
	platform: "linux",
	architecture: "x64",
	cpu: {
		model: "Test CPU",
		logicalProcessors: 8,
		physicalCores: 4,
		quota: null,
		features: ["avx2", "avx"],
	},
	memory: { totalBytes: 16e9, availableBytes: 8e9, limitBytes: null },
	numaNodes: 1,
});

let data: string;
let model: ModelIdentity;
beforeEach(async () => {
	data = mkdtempSync(join(tmpdir(), "galley-measured-"));
	model = await identifyModel(starterModel);
});
afterEach(() => rmSync(data, { recursive: true }));

const profile = (more: Partial<MeasuredProfile> = {}): MeasuredProfile => ({
	precision: "Q8_0",
	variantPath: starterModel,
	variantBytes: statSync(starterModel).size,
	settings: {
		threads: 3,
		threadsBatch: 4,
		microBatchTokens: 256,
		flashAttention: "off",
		kvTypeK: "f16",
		kvTypeV: "f16",
		kvLayout: "streams",
		speculation: "off",
	},
	figures: {
		loads: [],
		peakMemoryBytes: 1,
		accuracy: null,
		score: 100,
		spread: 0.01,
		runs: 3,
	},
	isWinner: true,
	why: "it is fast.",
	...more,
});

const write = (
	profiles: MeasuredProfile[],
	more: { release?: string; machine?: MachineIdentity } = {},
) =>
	writeMeasuredProfiles(data, {
		version: 1,
		model: { ...model, name: "starter", path: starterModel },
		machine,
		release: "0.5.0",
		measuredAt: "2026-01-02T03:04:05.000Z",
		profiles,
		...more,
	});

const best = (more: object = {}) => {
	const ignored: string[] = [];
	return measuredBest({
		dataDirectory: data,
		modelPath: starterModel,
		machine,
		release: "0.5.0",
		onIgnored: (_path, reason) => void ignored.push(reason),
		...more,
	}).then((found) => ({ found, ignored }));
};

describe("measuredBest", () => {
	it("is the stored winner, with its settings, and says where it comes from", async () => {
		await write([profile({ isWinner: false, why: "slower" }), profile()]);
		const { found, ignored } = await best();
		expect(found).toMatchObject({
			variantPath: starterModel,
			precision: "Q8_0",
			settings: { threads: 3, speculation: "off" },
		});
		expect(found?.why).toBe(
			"measured on this machine with galley optimize on 2026-01-02: it is fast.",
		);
		expect(ignored).toEqual([]);
	});

	it("finds it when the model's file lies somewhere else under another name", async () => {
		await write([profile()]);
		const copy = join(data, "renamed.gguf");
		copyFileSync(starterModel, copy);
		expect((await best({ modelPath: copy })).found).not.toBeNull();
	});

	it("is nothing for a model that was never measured", async () => {
		expect((await best()).found).toBeNull();
	});

	it("ignores what another release or another machine measured, and says why", async () => {
		await write([profile()]);
		const later = await best({ release: "0.6.0" });
		expect(later.found).toBeNull();
		expect(later.ignored.join()).toMatch(/release 0\.5\.0.*this is 0\.6\.0/);
		const other = await best({ machine: { ...machine, physicalCores: 8 } });
		expect(other.found).toBeNull();
		expect(other.ignored.join()).toMatch(/physicalCores was 4 and is 8/);
	});

	it("ignores a winner whose file is gone or has changed", async () => {
		const variantPath = join(data, "variant.gguf");
		await write([profile({ variantPath, variantBytes: 4 })]);
		expect((await best()).ignored.join()).toMatch(/gone/);
		writeFileSync(variantPath, "12345");
		expect((await best()).ignored.join()).toMatch(/changed/);
		writeFileSync(variantPath, "1234");
		expect((await best()).found?.variantPath).toBe(variantPath);
	});

	it("ignores a damaged file", async () => {
		await write([profile()]);
		for (const text of ["{", "{}", '{"version":1}', '{"version":2}']) {
			writeFileSync(profilesPath(data, model, machine), text);
			const { found, ignored } = await best();
			expect(found).toBeNull();
			expect(ignored.join()).toMatch(/damaged|another version/);
		}
	});
});

describe("readMeasuredProfiles", () => {
	it("lists the winner first, then by speed, each with a file that is there", async () => {
		const figures = (score: number) => ({ ...profile().figures, score });
		await write([
			profile({ isWinner: false, figures: figures(300), precision: "A" }),
			profile({ isWinner: false, figures: figures(400), precision: "B" }),
			profile({ isWinner: false, variantPath: null, precision: "C" }),
			profile({ figures: figures(200), precision: "D" }),
		]);
		const found = await readMeasuredProfiles(data, model, {
			machine,
			release: "0.5.0",
		});
		expect(found.profiles.map(({ precision }) => precision)).toEqual([
			"D",
			"B",
			"A",
		]);
		expect(found.ignored).toEqual([]);
	});
});

describe("identifyMachine", () => {
	it("does not mind a little more or less memory from boot to boot", () => {
		const hardware = {
			platform: "linux",
			architecture: "x64",
			cpu: {
				model: "Test CPU",
				logicalProcessors: 8,
				physicalCores: 4,
				quota: null,
				features: ["avx", "avx2"],
			},
			memory: {
				totalBytes: 16e9 + 3e6,
				availableBytes: 1e9,
				limitBytes: null,
			},
			numaNodes: 1,
		};
		expect(identifyMachine(hardware)).toEqual(machine);
	});
});
