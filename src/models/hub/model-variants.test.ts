import { describe, expect, it } from "vitest";
import { groupVariants, labelOf, selectVariant } from "./model-variants.ts";

const listed = (...names: string[]) =>
	names.map((name, index) => ({ name, sizeBytes: 100 + index }));
const labels = (...names: string[]) =>
	groupVariants(listed(...names)).map(({ label }) => label);

describe("groupVariants", () => {
	it("makes one variant of each quantisation, with all of its parts in order", () => {
		const variants = groupVariants(
			listed(
				"README.md",
				"BF16/m-BF16-00002-of-00002.gguf",
				"BF16/m-BF16-00001-of-00002.gguf",
				"m-Q4_K_M.gguf",
			),
		);
		expect(variants).toMatchObject([
			{
				label: "BF16",
				mainFile: "BF16/m-BF16-00001-of-00002.gguf",
				sizeBytes: 203,
				format: "gguf",
			},
			{ label: "Q4_K_M", mainFile: "m-Q4_K_M.gguf", sizeBytes: 103 },
		]);
		expect(variants[0]?.files.map(({ name }) => name.slice(-17))).toEqual([
			"00001-of-00002.gguf".slice(-17),
			"00002-of-00002.gguf".slice(-17),
		]);
	});

	it("leaves out what is no model alone, and split files that lack a part", () => {
		expect(
			labels(
				"mmproj-F16.gguf",
				"m.imatrix.gguf",
				"lora-adapter.gguf",
				"m-Q8_0-00001-of-00003.gguf",
				"m-Q8_0-00003-of-00003.gguf",
				"imatrix.dat",
			),
		).toEqual([]);
	});

	it("tells two files of one quantisation apart by their names", () => {
		expect(labels("chat-Q8_0.gguf", "base-Q8_0.gguf", "x-Q4_0.gguf")).toEqual([
			"chat-Q8_0.gguf",
			"base-Q8_0.gguf",
			"Q4_0",
		]);
	});

	it("takes safetensors with what a converter needs, without copies for other tools", () => {
		const [only, ...others] = groupVariants(
			listed(
				"config.json",
				"tokenizer.json",
				"model-00001-of-00002.safetensors",
				"model-00002-of-00002.safetensors",
				"model.safetensors.index.json",
				"consolidated.safetensors",
				"original/model.safetensors",
				"chat_template.jinja",
				"pytorch_model.bin",
				"LICENSE",
				"README.md",
			),
		);
		expect(others).toEqual([]);
		expect(only).toMatchObject({
			label: "safetensors",
			mainFile: "config.json",
		});
		expect(only?.files.map(({ name }) => name).sort()).toEqual([
			"LICENSE",
			"chat_template.jinja",
			"config.json",
			"model-00001-of-00002.safetensors",
			"model-00002-of-00002.safetensors",
			"model.safetensors.index.json",
			"tokenizer.json",
		]);
	});

	it("takes ONNX files with the weights beside them", () => {
		const variants = groupVariants(
			listed(
				"config.json",
				"onnx/model.onnx",
				"onnx/model.onnx_data",
				"onnx/model_int8.onnx",
			),
		);
		expect(variants.map(({ label, files }) => [label, files.length])).toEqual([
			["onnx", 3],
			["onnx-int8", 2],
		]);
	});

	it("takes with an encoder what says how its vectors are pooled", () => {
		const [variant] = groupVariants(
			listed(
				"config.json",
				"modules.json",
				"1_Pooling/config.json",
				"2_Dense/model.safetensors",
				"sentence_bert_config.json",
				"config_sentence_transformers.json",
				"onnx/model.onnx",
				"README.md",
			),
		);
		expect(variant?.files.map(({ name }) => name)).toEqual([
			"config.json",
			"modules.json",
			"1_Pooling/config.json",
			"sentence_bert_config.json",
			"config_sentence_transformers.json",
			"onnx/model.onnx",
		]);
	});
});

describe("labelOf", () => {
	it("reads the quantisation as ggml calls it", () => {
		for (const [name, label] of [
			["Qwen3-0.6B-Q4_K_M.gguf", "Q4_K_M"],
			["model.q8_0.gguf", "Q8_0"],
			["x-IQ2_XXS.gguf", "IQ2_XXS"],
			["UD-Q4_K_XL/x-UD-Q4_K_XL-00001-of-00002.gguf", "UD-Q4_K_XL"],
			["gpt-oss-mxfp4.gguf", "MXFP4"],
			["llama-fp16.gguf", "F16"],
			["m-f32.gguf", "F32"],
			["tiny.gguf", "tiny"],
			["Q8_0/Qwen2-model.gguf", "Q8_0"],
		] as const)
			expect(labelOf(name), name).toBe(label);
	});
});

describe("selectVariant", () => {
	const variants = groupVariants(
		listed(
			"a/m-Q4_K_M.gguf",
			"m-Q8_0-00001-of-00002.gguf",
			"m-Q8_0-00002-of-00002.gguf",
		),
	);
	const select = (selector: string) =>
		selectVariant(variants, selector, "org/m").label;

	it("takes a quantisation in any case, a file, the end of its path, or any part", () => {
		expect(select("q4_k_m")).toBe("Q4_K_M");
		expect(select("a/m-Q4_K_M.gguf")).toBe("Q4_K_M");
		expect(select("m-q4_k_m.gguf")).toBe("Q4_K_M");
		expect(select("m-Q8_0-00002-of-00002.gguf")).toBe("Q8_0");
	});

	it("names what there is", () => {
		expect(() => select("Q5_K_M")).toThrow(
			/has no "Q5_K_M".*It has: Q4_K_M, Q8_0\./,
		);
		expect(() => selectVariant([], "Q8_0", "org/m")).toThrow("holds no GGUF");
	});

	it("asks which one of several files is meant", () => {
		const two = groupVariants(listed("chat-Q8_0.gguf", "base-Q8_0.gguf"));
		expect(() => selectVariant(two, "Q8_0", "org/m")).toThrow(
			"several files of Q8_0; name one of them: chat-Q8_0.gguf, base-Q8_0.gguf",
		);
		expect(selectVariant(two, "base-Q8_0.gguf", "org/m").mainFile).toBe(
			"base-Q8_0.gguf",
		);
	});
});
