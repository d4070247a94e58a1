import { describe, expect, it } from "vitest";
import type { Profile } from "../models/profile.ts";
import type { ListedProfile } from "../models/profile-list.ts";
import { formatProfiles, type ProfilesReport } from "./profiles-report.ts";

const plain = (_style: string, text: string) => text;

const profile = {
	settings: { contextLength: 4096, maxSequences: 8 },
	memory: { totalBytes: 3 * 2 ** 30, availableBytes: 8 * 2 ** 30 },
	explanation: "It fits.",
} as unknown as Profile;

function listed(changes: Partial<ListedProfile>): ListedProfile {
	return {
		fit: "compatible",
		id: "0123456789abcdef".repeat(4),
		name: "llama-q8_0-cpu",
		profile,
		source: "/models/medium-q8_0.gguf",
		model: {
			name: "Medium",
			architecture: "qwen2",
			parameters: 1_500_000_000,
			trainedContextLength: 32_768,
			sizeBytes: 2 ** 30,
		} as ListedProfile["model"],
		device: "cpu",
		reason: null,
		isTooBig: false,
		advice: null,
		fittingContextLength: null,
		measured: null,
		...changes,
	};
}

const best = listed({});
const report: ProfilesReport = {
	reference: "medium",
	isRemote: false,
	hardware: {
		platform: "linux",
		architecture: "x64",
		cpu: {
			model: "Fast One",
			logicalProcessors: 8,
			physicalCores: 4,
			performanceCores: 2,
			quota: null,
			features: [],
		},
		memory: {
			totalBytes: 2 ** 34,
			availableBytes: 2 ** 33,
			limitBytes: null,
		},
		numaNodes: 1,
		gpus: [{ vendor: "nvidia", name: "NVIDIA L4" }],
	},
	engines: [
		{
			accelerator: "cuda",
			packageName: "linux-x64-cuda",
			isInstalled: false,
			gpu: null,
			failure: null,
			suitsHardware: true,
			downloadBytes: 2 ** 28,
			probe: null,
		},
	],
	profiles: [
		best,
		listed({
			fit: "low-memory",
			id: "f".repeat(64),
			name: "llama-f16-cpu",
			reason: "What fits: --max-model-len 2048.",
		}),
		listed({
			fit: "incompatible",
			id: "e".repeat(64),
			name: "llama-q8_0-cuda",
			profile: null,
			reason: "Needs the cuda engine.",
		}),
	],
	chosen: best,
	failure: null,
	warnings: ["Old measurement."],
};

describe("formatProfiles", () => {
	it("shows the machine, the three groups and the choice", () => {
		const text = formatProfiles(report, plain, 100);
		expect(text).toContain(
			"Fast One: 4 cores (2 fast) of 8 logical; 2 threads",
		);
		expect(text).toContain("NVIDIA L4");
		expect(text).toContain("galley engines install cuda, 256 MiB");
		expect(text).toMatch(
			/Compatible and runnable\n\* {2}0123456789ab {2}llama-q8_0-cpu {2}3\.00 GiB of 8\.00 GiB {2}4096 tokens x 8 {2}medium-q8_0\.gguf/,
		);
		expect(text).toMatch(/Low memory[^\n]*\n +f{12} {2}llama-f16-cpu/);
		expect(text).toContain("What fits: --max-model-len 2048.");
		expect(text).toMatch(/Incompatible\n +e{12} {2}llama-q8_0-cuda/);
		expect(text).toContain("Chosen: It fits.");
		expect(text.endsWith("Old measurement.")).toBe(true);
	});

	it("says what would have to be downloaded, and why nothing is chosen", () => {
		expect(formatProfiles({ ...report, isRemote: true }, plain, 100)).toContain(
			"It has to be downloaded first: 1.00 GiB.",
		);
		expect(
			formatProfiles(
				{ ...report, chosen: null, failure: "Too big." },
				plain,
				100,
			),
		).toContain("None is chosen: Too big.");
	});
});
