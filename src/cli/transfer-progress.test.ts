import { describe, expect, it } from "vitest";
import { FakeTerminal } from "./testing/fake-terminal.ts";
import {
	ByteMeter,
	createProgressOutput,
	formatTransfer,
} from "./transfer-progress.ts";

const half = {
	stage: "downloading",
	file: "tiny.gguf",
	receivedBytes: 512 * 1024,
	totalBytes: 1024 * 1024,
	bytesPerSecond: 256 * 1024,
	etaSeconds: 2,
};

describe("formatTransfer", () => {
	it("shows bar, bytes, rate and time left", () => {
		expect(formatTransfer("tiny", half, 120)).toBe(
			"downloading tiny [==========          ]  50 %  512 KiB of 1.00 MiB, 256 KiB/s, 2.0 s left",
		);
	});

	it("keeps the time left where there is little room", () => {
		expect(formatTransfer("tiny", half, 60)).toBe(
			"downloading tiny [==========          ]  50 %  2.0 s left",
		);
	});

	it("tells what is known when nobody knows how much there is", () => {
		const unknown = {
			...half,
			totalBytes: null,
			bytesPerSecond: null,
			etaSeconds: null,
		};
		expect(formatTransfer("tiny", unknown)).toBe("downloading tiny  512 KiB");
	});
});

describe("createProgressOutput", () => {
	function outputs(isTTY: boolean) {
		const stdout = new FakeTerminal();
		const stderr = Object.assign(new FakeTerminal(), { isTTY });
		return { stdout, stderr };
	}

	it("writes one line over and over on a terminal, and takes it away", () => {
		const streams = outputs(true);
		let now = 0;
		const output = createProgressOutput("tiny", false, streams, () => now);
		output.show(half);
		output.show({ ...half, receivedBytes: 1024 * 1024 });
		now = 150;
		output.show({ ...half, receivedBytes: 768 * 1024 });
		output[Symbol.dispose]();
		expect(streams.stderr.written).toContain("50 %");
		expect(streams.stderr.written).toContain("75 %");
		expect(streams.stderr.written).not.toContain("100 %");
		expect(streams.stderr.written).toSatisfy((text: string) =>
			text.endsWith("\r\u001b[K"),
		);
		expect(streams.stdout.written).toBe("");
	});

	it("is silent where nobody looks", () => {
		const streams = outputs(false);
		createProgressOutput("tiny", false, streams).show(half);
		expect(streams.stderr.written + streams.stdout.written).toBe("");
	});

	it("gives machines a line of JSON a second and at each change of stage", () => {
		const streams = outputs(false);
		let now = 0;
		const output = createProgressOutput("tiny", true, streams, () => now);
		output.show(half);
		now = 500;
		output.show(half);
		output.show({ ...half, stage: "verifying" });
		now = 1600;
		output.show({ ...half, stage: "verifying" });
		const lines = streams.stdout.written
			.trim()
			.split("\n")
			.map((line) => JSON.parse(line));
		expect(lines.map(({ event }) => event)).toEqual([
			"downloading",
			"verifying",
			"verifying",
		]);
		expect(lines[0]).toEqual({
			event: "downloading",
			file: "tiny.gguf",
			receivedBytes: 524288,
			totalBytes: 1048576,
			bytesPerSecond: 262144,
			etaSeconds: 2,
		});
	});
});

describe("ByteMeter", () => {
	it("tells rate and time left once there is something to tell", () => {
		let now = 0;
		const meter = new ByteMeter(1000, () => now);
		meter.add(100);
		expect(meter.progress("reading")).toMatchObject({ bytesPerSecond: null });
		now = 1000;
		meter.add(100);
		expect(meter.progress("reading")).toMatchObject({
			receivedBytes: 200,
			bytesPerSecond: 200,
			etaSeconds: 4,
		});
	});
});
