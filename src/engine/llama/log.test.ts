import { describe, expect, it } from "vitest";
import { NativeLog } from "./log.ts";

describe("NativeLog", () => {
	it("puts lines together from pieces", () => {
		const log = new NativeLog();
		const recording = log.record();
		log.receive(2, "loading");
		log.receive(5, ".");
		log.receive(5, ".\n");
		log.receive(2, "one\ntwo\n");
		expect(recording.lines).toEqual([
			{ level: "info", text: "loading.." },
			{ level: "info", text: "one" },
			{ level: "info", text: "two" },
		]);
	});

	it("remembers warnings and errors, and only the last of them", () => {
		const log = new NativeLog();
		log.receive(2, "fine\n");
		for (let index = 0; index < 30; index++) log.receive(4, `error ${index}\n`);
		log.receive(3, "unfinished warning");
		expect(log.problems()).toHaveLength(20);
		expect(log.problems().at(-1)).toBe("unfinished warning");
		expect(log.problems()).not.toContain("fine");
		log.forgetProblems();
		expect(log.problems()).toEqual([]);
	});

	it("stops recording when told to", () => {
		const log = new NativeLog();
		const recording = log.record();
		log.receive(2, "one\n");
		recording.stop();
		log.receive(2, "two\n");
		expect(recording.lines).toHaveLength(1);
	});
});
