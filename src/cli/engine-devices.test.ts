import { describe, expect, it } from "vitest";
import type { InstalledEnginePackage } from "../engine/llama/packages.ts";
import {
	type DeviceProbe,
	probeDevices,
	toAccelerator,
} from "./engine-devices.ts";

const cuda: InstalledEnginePackage = {
	name: "linux-x64-cuda",
	accelerator: "cuda",
	platform: "linux",
	architecture: "x64",
	companion: null,
	version: "3.22.1",
	folder: "/engines",
	fallbackFolder: null,
};
const cpu = {
	name: "CPU",
	description: "Fast One",
	type: "cpu",
	memoryFreeBytes: 1,
	memoryTotalBytes: 2,
} as const;
const gpu = {
	name: "CUDA0",
	description: "GPU",
	type: "gpu",
	memoryFreeBytes: 70,
	memoryTotalBytes: 80,
} as const;
const found = (...devices: DeviceProbe["devices"]): DeviceProbe => ({
	release: "0.5.0",
	devices,
	failure: null,
});

describe("toAccelerator", () => {
	it("counts on the memory of all GPUs that the engine finds", () => {
		expect(toAccelerator(cuda, found(cpu, gpu, gpu))).toEqual({
			kind: "cuda",
			availableBytes: 140,
		});
		expect(toAccelerator(cuda, found({ ...gpu, memoryFreeBytes: 0 }))).toEqual({
			kind: "cuda",
			availableBytes: null,
		});
	});

	it("keeps to the CPU where a GPU engine finds no GPU, and with a CPU engine", () => {
		expect(toAccelerator(cuda, found(cpu))).toBeNull();
		expect(
			toAccelerator({ ...cuda, accelerator: "cpu" }, found(cpu)),
		).toBeNull();
	});
});

describe("probeDevices", () => {
	const probe = (script: string) =>
		probeDevices("linux-x64", {
			executable: process.execPath,
			words: ["-e", script, "--"],
		});

	it("asks another process", async () => {
		const answer = found(cpu);
		expect(
			await probe(`console.log(${JSON.stringify(JSON.stringify(answer))})`),
		).toEqual(answer);
	});

	it("survives an engine that crashes, fails or babbles", async () => {
		expect(await probe("process.kill(process.pid, 'SIGKILL')")).toMatchObject({
			devices: [],
			failure: "its libraries ended the process (signal SIGKILL)",
		});
		expect(
			await probe("console.error('galley: no driver.'); process.exit(4)"),
		).toMatchObject({ failure: "no driver." });
		expect(await probe("console.log('hello')")).toMatchObject({
			failure: expect.stringContaining("exit code 0"),
		});
	});
});
