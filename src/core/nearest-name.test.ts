import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nearestName } from "./nearest-name.ts";

const names = [
	"max-model-len",
	"max-num-seqs",
	"port",
	"host",
	"threads-batch",
];

describe("nearestName", () => {
	it("finds the name behind a slip of the fingers", () => {
		expect(nearestName("max-modle-len", names)).toBe("max-model-len");
		expect(nearestName("prot", names)).toBe("port");
		expect(nearestName("thread-batch", names)).toBe("threads-batch");
	});

	it("sees through other ways to write the same words", () => {
		expect(nearestName("maxModelLen", names)).toBe("max-model-len");
		expect(nearestName("MAX_NUM_SEQS", names)).toBe("max-num-seqs");
	});

	it("stays silent when nothing is near", () => {
		expect(nearestName("temperature", names)).toBeNull();
		expect(nearestName("", names)).toBeNull();
		expect(nearestName("port", [])).toBeNull();
	});

	it("finds any name itself", () => {
		fc.assert(
			fc.property(
				fc.constantFrom(...names),
				(name) => nearestName(name, names) === name,
			),
		);
	});

	it("survives any text", () => {
		fc.assert(
			fc.property(fc.string(), (written) => {
				const nearest = nearestName(written, names);
				return nearest === null || names.includes(nearest);
			}),
		);
	});
});
