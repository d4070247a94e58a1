import { describe, expect, it } from "vitest";
import {
	countCores,
	parseAllowedCpus,
	parseCpuInfo,
	parseCpuList,
	parseMemoryInfo,
} from "./linux-cpu.ts";

describe("what Linux says of its processors", () => {
	it("reads lists of processors", () => {
		expect(parseCpuList("0-3,8,10-11\n")).toEqual([0, 1, 2, 3, 8, 10, 11]);
		expect(parseCpuList("")).toEqual([]);
		expect(parseCpuList("3-1,x")).toEqual([]);
		expect(parseCpuList("0-99999999999").length).toBe(8192);
	});

	it("reads an x86 processor", () => {
		const text =
			"processor\t: 0\nmodel\t\t: 1\nmodel name\t: AMD EPYC 7763\nflags\t\t: fpu avx avx2\n\nprocessor\t: 1\n";
		expect(parseCpuInfo(text)).toEqual({
			model: "AMD EPYC 7763",
			features: ["fpu", "avx", "avx2"],
		});
	});

	it("reads an ARM board", () => {
		const text =
			"processor\t: 0\nBogoMIPS\t: 108.00\nFeatures\t: fp asimd\nCPU part\t: 0xd0b\n\nModel\t\t: Raspberry Pi 5\n";
		expect(parseCpuInfo(text)).toEqual({
			model: "Raspberry Pi 5",
			features: ["fp", "asimd"],
		});
		expect(parseCpuInfo("")).toEqual({ model: null, features: [] });
	});

	it("counts hyper-threads of a core once", () => {
		const siblings = ["0,4", "1,5", "2,6", "3,7", "0,4", "1,5", "2,6", "3,7"];
		const of = (cpu: number) => siblings[cpu] ?? null;
		expect(countCores([0, 1, 2, 3, 4, 5, 6, 7], of)).toBe(4);
		expect(countCores([0, 4], of)).toBe(1);
		expect(countCores([0, 1], () => null)).toBe(2);
	});

	it("knows which processors this process may use", () => {
		expect(
			parseAllowedCpus(
				"Name:\tnode\nCpus_allowed:\t5\nCpus_allowed_list:\t0,2\n",
			),
		).toEqual([0, 2]);
		expect(parseAllowedCpus("Name:\tnode\n")).toBeNull();
	});

	it("reads memory, also of kernels that don't say what is available", () => {
		expect(
			parseMemoryInfo(
				"MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    400 kB\n",
			),
		).toEqual({
			totalBytes: 1_024_000,
			availableBytes: 409_600,
		});
		expect(
			parseMemoryInfo(
				"MemTotal:       1000 kB\nMemFree:         100 kB\nCached:          200 kB\n",
			),
		).toEqual({
			totalBytes: 1_024_000,
			availableBytes: 307_200,
		});
		expect(parseMemoryInfo("")).toBeNull();
	});
});
