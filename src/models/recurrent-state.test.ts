import { describe, expect, it } from "vitest";
import { recurrentState } from "./recurrent-state.ts";

const model = (kvHeads: readonly number[]) => ({
	embeddingLength: 768,
	layers: kvHeads.length,
	kvHeads,
});
const of = (values: Readonly<Record<string, number>>) => (key: string) =>
	values[key] ?? null;

describe("recurrentState", () => {
	it("is nothing for a model that only attends", () => {
		expect(recurrentState(model([4, 4]), of({}))).toEqual({});
	});

	it("is what Mamba's layers keep", () => {
		const mamba = of({
			"ssm.conv_kernel": 4,
			"ssm.inner_size": 1536,
			"ssm.state_size": 16,
		});
		expect(recurrentState(model([0, 0, 0]), mamba)).toEqual({
			recurrentStateBytes: 3 * 4 * (3 * 1536 + 16 * 1536),
		});
	});

	it("counts only those layers of a hybrid model that don't attend", () => {
		const convolutions = of({ "shortconv.l_cache": 3 });
		expect(recurrentState(model([0, 8, 0, 8]), convolutions)).toEqual({
			recurrentStateBytes: 2 * 4 * 2 * 768,
		});
	});

	it("is what RWKV keeps in every layer", () => {
		const rwkv = of({ "wkv.head_size": 64 });
		expect(recurrentState(model([0, 0]), rwkv)).toEqual({
			recurrentStateBytes: 2 * 4 * (2 * 768 + 768 * 64),
		});
	});
});
