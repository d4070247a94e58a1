import {
	cpSync,
	existsSync,
	mkdtempSync,
	readFileSync,
	renameSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { convertModel } from "../../models/conversion/convert-model.ts";
import { readGgufMetadata } from "../../models/gguf-metadata.ts";
import {
	floatTensor,
	safetensorsBytes,
} from "../../models/safetensors/testing/safetensors-bytes.ts";
import { moduleScale, type PeftConfig } from "./adapter-config.ts";
import { convertPeftAdapter } from "./convert-adapter.ts";

const fixtures = fileURLToPath(
	new URL("../../../test/fixtures/conversion", import.meta.url),
);
let directory = "";
let adapter = "";
let output = "";
const basePath = (family: string) => join(directory, `${family}.gguf`);
beforeAll(async () => {
	directory = mkdtempSync(join(tmpdir(), "galley-peft-"));
	adapter = join(directory, "adapter");
	output = join(directory, "adapter.gguf");
	for (const family of ["llama", "mistral", "qwen3"])
		await convertModel({
			directory: join(fixtures, family),
			output: basePath(family),
			precision: "f16",
		});
});
afterAll(() => rmSync(directory, { recursive: true }));
beforeEach(() => {
	rmSync(adapter, { recursive: true, force: true });
	rmSync(output, { force: true });
	cpSync(join(fixtures, "llama/adapter"), adapter, { recursive: true });
});

const convert = (family = "llama") =>
	convertPeftAdapter({
		directory: adapter,
		baseModel: basePath(family),
		output,
	});

function changeConfig(values: Record<string, unknown>): void {
	const path = join(adapter, "adapter_config.json");
	const old = JSON.parse(readFileSync(path, "utf8"));
	writeFileSync(path, JSON.stringify({ ...old, ...values }));
}

function writeTensors(names: readonly string[], rows = 32): void {
	const tensors = Object.fromEntries(
		names.flatMap((name) => [
			[`base_model.model.${name}.lora_A.weight`, floatTensor([4, 32])],
			[`base_model.model.${name}.lora_B.weight`, floatTensor([rows, 4])],
		]),
	);
	writeFileSync(
		join(adapter, "adapter_model.safetensors"),
		safetensorsBytes(tensors),
	);
}

async function expectRefusal(message: RegExp, family?: string): Promise<void> {
	await expect(convert(family)).rejects.toThrow(message);
	expect(existsSync(output)).toBe(false);
}

it("says what it made, and so does the file", async () => {
	const facts = await convert();
	expect(facts).toMatchObject({
		rank: 4,
		// Rank-stabilised: 8 / sqrt(4) is the scale, which the engine divides by the rank once more.
		alpha: 16,
		architecture: "llama",
		targetModules: [
			"down_proj",
			"gate_proj",
			"k_proj",
			"o_proj",
			"q_proj",
			"up_proj",
			"v_proj",
		],
		tensors: 28,
	});
	const { values, tensors } = await readGgufMetadata(output);
	expect(values.get("general.type")).toBe("adapter");
	expect(values.get("adapter.type")).toBe("lora");
	expect(values.get("adapter.lora.alpha")).toBe(16);
	const shapes = new Map(tensors.map(({ name, shape }) => [name, shape]));
	expect(shapes.get("blk.1.ffn_down.weight.lora_a")).toEqual([64, 4]);
	expect(shapes.get("blk.1.ffn_down.weight.lora_b")).toEqual([4, 32]);
});

describe("a module's scale", () => {
	const config: PeftConfig = {
		path: "",
		rank: 4,
		alpha: 8,
		isRankStabilized: false,
		alphaPattern: new Map([
			["q_proj", 2],
			["^model.layers.1.self_attn.k_proj", 12],
		]),
		targetModules: [],
		baseModel: null,
	};
	it.each([
		["model.layers.0.self_attn.v_proj", 2],
		["model.layers.0.self_attn.q_proj", 0.5],
		["model.layers.0.self_attn.aq_proj", 2],
		["model.layers.1.self_attn.k_proj", 3],
		["other.model.layers.1.self_attn.k_proj", 2],
	])("of %s is %d", (module, scale) => {
		expect(moduleScale(config, module, 4)).toBe(scale);
	});

	it("is alpha / sqrt(rank) when rank-stabilised", () => {
		expect(moduleScale({ ...config, isRankStabilized: true }, "x", 16)).toBe(2);
	});
});

describe("refused with the reason", () => {
	it.each<[Record<string, unknown>, RegExp]>([
		[{ use_dora: true }, /DoRA \(use_dora\)/],
		[{ bias: "lora_only" }, /biases \(bias\)/],
		[{ modules_to_save: ["lm_head"] }, /modules_to_save/],
		[{ layer_replication: [[0, 1]] }, /layer_replication/],
		[{ fan_in_fan_out: true }, /fan_in_fan_out/],
		[{ init_lora_weights: "pissa_niter_4" }, /init_lora_weights/],
		[{ trainable_token_indices: [3] }, /trainable_token_indices/],
		[{ target_parameters: ["experts.w"] }, /target_parameters/],
		[{ alora_invocation_tokens: [1] }, /alora_invocation_tokens/],
		[{ peft_type: "IA3" }, /of kind "IA3"/],
		[{ r: 0 }, /the rank "r" as 0/],
		[{ lora_alpha: "8" }, /"lora_alpha" as "8"/],
		[{ alpha_pattern: { "(a+)+$": 3 } }, /alpha_pattern/],
	])("%j", async (values, message) => {
		changeConfig(values);
		await expectRefusal(message);
	});

	it("all modules that can't be converted, at once", async () => {
		writeTensors([
			"model.layers.0.self_attn.q_proj",
			"model.layers.0.self_attn.rotary",
			"model.layers.1.self_attn.rotary",
			"model.layers.0.mlp.experts.3.up_proj",
			"model.layers.0.input_layernorm",
		]);
		await expectRefusal(
			/self_attn\.rotary, model\.layers.*mlp\.experts.*input_layernorm.*It converts q_proj/s,
		);
	});

	it("a base of another shape, with both shapes", async () => {
		writeTensors(["model.layers.0.self_attn.q_proj"], 40);
		await expectRefusal(/q_proj \(4 x 32 and 40 x 4, the base has 32 x 32\)/);
	});

	it("a base with fewer layers", async () => {
		writeTensors(["model.layers.7.self_attn.q_proj"]);
		await expectRefusal(/the base has no blk\.7\.attn_q\.weight/);
	});

	it("a base that is no model", async () => {
		await convert();
		renameSync(output, basePath("adapter-of-llama"));
		await expectRefusal(/the base has no/, "adapter-of-llama");
	});

	it.each(["lm_head", "model.embed_tokens"])(
		"%s of a base that shares it",
		async (module) => {
			const [a, b] =
				module === "lm_head"
					? ["lora_A.weight", "lora_B.weight"]
					: ["lora_embedding_A", "lora_embedding_B"];
			writeFileSync(
				join(adapter, "adapter_model.safetensors"),
				safetensorsBytes({
					[`base_model.model.${module}.${a}`]: floatTensor([4, 32]),
					[`base_model.model.${module}.${b}`]: floatTensor([336, 4]),
				}),
			);
			await expectRefusal(/shares its output matrix/);
		},
	);

	it("half of a pair", async () => {
		writeFileSync(
			join(adapter, "adapter_model.safetensors"),
			safetensorsBytes({
				"base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight":
					floatTensor([4, 32]),
			}),
		);
		await expectRefusal(/only one of the two matrices/);
	});

	it.each([
		[
			"base_model.model.lm_head.weight",
			/whole embeddings.*save_embedding_layers/,
		],
		["x.lora_magnitude_vector", /DoRA magnitudes/],
		["../../etc/passwd", /no LoRA matrices: \.\.\/\.\.\/etc\/passwd/],
	])("a tensor named %s", async (name, message) => {
		writeFileSync(
			join(adapter, "adapter_model.safetensors"),
			safetensorsBytes({ [name]: floatTensor([4]) }),
		);
		await expectRefusal(message);
	});

	it("weights as a pickle file", async () => {
		renameSync(
			join(adapter, "adapter_model.safetensors"),
			join(adapter, "adapter_model.bin"),
		);
		await expectRefusal(/pickle file \("adapter_model.bin"\)/);
	});

	it("an adapter for an architecture without a table", async () => {
		const base = readFileSync(basePath("qwen3"));
		// Same length, so that nothing else in the file moves.
		const at = base.indexOf("qwen3");
		base.write("novel", at, "latin1");
		writeFileSync(basePath("novel"), base);
		await expectRefusal(/architecture "novel".*It does for llama/, "novel");
	});
});
