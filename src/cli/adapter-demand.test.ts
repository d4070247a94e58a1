import { describe, expect, it } from "vitest";
import { adapterDemand } from "./adapter-demand.ts";

const none = {
	lora: [],
	loraDir: null,
	maxLoras: 8,
	maxLoraRank: null,
	allowLoraManagement: false,
};

describe("adapterDemand", () => {
	it("is none without adapters", () => {
		expect(adapterDemand(none)).toBeNull();
	});

	it("is as many as are named, and as many as may be there at once where more can come", () => {
		const lora = ["a=/a", "b=/b"];
		expect(adapterDemand({ ...none, lora })).toEqual({ count: 2, rank: 16 });
		expect(adapterDemand({ ...none, lora, maxLoras: 1 })?.count).toBe(1);
		expect(
			adapterDemand({ ...none, lora, loraDir: "/adapters", maxLoraRank: 64 }),
		).toEqual({ count: 8, rank: 64 });
		expect(adapterDemand({ ...none, allowLoraManagement: true })?.count).toBe(
			8,
		);
	});
});
