import { describe, expect, it } from "vitest";
import {
	type DoctorReport,
	formatDoctorReport,
	problemsOf,
} from "./doctor-report.ts";

const cpu = {
	name: "CPU",
	description: "Fast One",
	type: "cpu",
	memoryFreeBytes: 1,
	memoryTotalBytes: 2,
} as const;
const engine = {
	name: "linux-x64",
	packageVersion: "3.22.1",
	release: "0.5.0",
	devices: [cpu],
	failure: null,
};

const healthy: DoctorReport = {
	version: "0.1.0",
	node: "20.19.0",
	hardware: {
		platform: "linux",
		architecture: "x64",
		cpu: {
			model: "Fast One",
			logicalProcessors: 8,
			physicalCores: 4,
			quota: 2,
			features: ["avx2"],
		},
		memory: {
			totalBytes: 2 ** 34,
			availableBytes: 2 ** 33,
			limitBytes: 2 ** 34,
		},
		numaNodes: 1,
	},
	engines: [engine],
	port: { number: 8000, failure: null },
	dataDirectory: "/data",
	models: [
		{
			reference: "fake:",
			path: "fake:",
			description: null,
			profile: null,
			failure: null,
		},
	],
	warnings: [],
	problems: [],
};

const plain = (_style: string, text: string) => text;

describe("problemsOf", () => {
	it("finds none where all is well", () => {
		expect(problemsOf(healthy)).toEqual([]);
		expect(problemsOf({ ...healthy, node: "24.1.0" })).toEqual([]);
	});

	it("finds an old Node, missing and broken engines, a taken port and unusable models", () => {
		const problems = problemsOf({
			...healthy,
			node: "20.18.1",
			engines: [
				{ ...engine, failure: "no library" },
				{ ...engine, devices: [] },
			],
			port: { number: 8000, failure: "another program listens there" },
			models: [
				{
					reference: "m.gguf",
					path: null,
					description: null,
					profile: null,
					failure: "It is damaged.",
				},
			],
		});
		expect(problems).toEqual([
			"Node 20.18.1 is too old; Galley needs 20.19 or newer.",
			"The engine linux-x64 does not load: no library",
			"The engine linux-x64 finds nothing to compute on.",
			"Port 8000 can't be had: another program listens there. Another one works with --port.",
			"m.gguf: It is damaged.",
		]);
		expect(problemsOf({ ...healthy, engines: [] })[0]).toContain(
			"No engine is installed",
		);
	});
});

describe("formatDoctorReport", () => {
	it("tells what is here", () => {
		const text = formatDoctorReport(healthy, plain, 100);
		expect(text).toContain(
			"Fast One: 4 cores of 8 logical, limited to 2; 2 threads for models (avx2)",
		);
		expect(text).toContain(
			"8.00 GiB available of 16.0 GiB (a container's limit)",
		);
		expect(text).toContain(
			"llama.cpp 0.5.0 (linux-x64 3.22.1): CPU (Fast One)",
		);
		expect(text).toContain("8000 is free");
		expect(text.endsWith("Nothing is in the way.")).toBe(true);
	});

	it("ends with the problems", () => {
		const text = formatDoctorReport(
			{ ...healthy, problems: ["It rains."] },
			plain,
			100,
		);
		expect(text.endsWith("problem It rains.")).toBe(true);
	});
});
