import {
	cpSync,
	existsSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readGgufMetadata } from "../gguf-metadata.ts";
import { describeModel } from "../model-description.ts";
import { SafetensorsDirectory } from "../safetensors/safetensors-directory.ts";
import {
	safetensorsBytes,
	type TensorFixture,
} from "../safetensors/testing/safetensors-bytes.ts";
import { convertModel } from "./convert-model.ts";

const fixtures = fileURLToPath(
	new URL("../../../test/fixtures/conversion", import.meta.url),
);
let directory = "";
let output = "";
beforeEach(() => {
	directory = mkdtempSync(join(tmpdir(), "galley-convert-"));
	output = join(directory, "out.gguf");
});
afterEach(() => rmSync(directory, { recursive: true }));

/** A copy of a tiny model that a test may spoil. */
function copyOf(family: string): string {
	const copy = join(directory, family);
	cpSync(join(fixtures, family), copy, { recursive: true });
	return copy;
}

function change(
	model: string,
	file: string,
	edit: (values: Record<string, unknown>) => unknown,
): void {
	const path = join(model, file);
	const values = JSON.parse(readFileSync(path, "utf8"));
	writeFileSync(path, JSON.stringify(edit(values) ?? values));
}

const convert = (model: string) =>
	convertModel({ directory: model, output, precision: "f16" });

/** What is refused leaves nothing behind. */
async function expectRefusal(model: string, message: RegExp): Promise<void> {
	await expect(convert(model)).rejects.toThrow(message);
	expect(existsSync(output)).toBe(false);
	expect(readdirSync(directory)).toHaveLength(1);
}

describe("a converted model", () => {
	it("says what it is", async () => {
		const model = copyOf("llama");
		writeFileSync(
			join(model, "README.md"),
			"---\nlicense: apache-2.0\nbase_model: org/Base-1B\nlanguage: [en, de]\nmodel_name: Tiny\n---\n# Hello\n",
		);
		writeFileSync(join(model, "chat_template.jinja"), "{{ messages }}");
		const facts = await convert(model);
		const { values } = await readGgufMetadata(output);
		expect(values.get("general.name")).toBe("Tiny");
		expect(values.get("general.license")).toBe("apache-2.0");
		expect(values.get("general.base_model.0.organization")).toBe("org");
		expect(values.get("tokenizer.chat_template")).toBe("{{ messages }}");
		expect(values.get("tokenizer.ggml.pre")).toBe("llama-bpe");
		const description = await describeModel(output);
		expect(description).toMatchObject({
			architecture: "llama",
			precision: "F16",
			layers: 2,
			license: "apache-2.0",
			hasChatTemplate: true,
		});
		expect(facts.sizeBytes).toBe(description.sizeBytes);
		expect(facts.parameters).toBeLessThan(description.parameters);
	});

	it.each([
		["llama", "llama-bpe"],
		["olmo2", "dbrx"],
		["qwen2", "qwen2"],
		["granite", "smollm"],
		["qwen3moe", "gpt-2"],
		["mistral", "default"],
	])("of %s has the pre-tokenizer %s", async (family, name) => {
		await convert(join(fixtures, family));
		const { values } = await readGgufMetadata(output);
		expect(values.get("tokenizer.ggml.pre")).toBe(name);
	});

	it("has further ends of a turn from generation_config.json", async () => {
		const model = copyOf("llama");
		change(model, "generation_config.json", (values) => {
			values.eos_token_id = [1, 5, 6];
		});
		await convert(model);
		const { values } = await readGgufMetadata(output);
		expect(values.get("tokenizer.ggml.eos_token_id")).toBe(1);
		expect(values.get("tokenizer.ggml.eot_token_id")).toBe(5);
		expect(values.get("tokenizer.ggml.eom_token_id")).toBe(6);
	});

	it("tells what it does otherwise than the original", async () => {
		const model = copyOf("mistral");
		change(model, "config.json", (values) => {
			values.sliding_window = 64;
		});
		const { warnings } = await convert(model);
		expect(warnings.join()).toMatch(/looks back 64 tokens/);
	});

	it("reads rotation as older configs spell it", async () => {
		const model = copyOf("llama");
		change(model, "config.json", (values) => {
			const {
				rope_type: type,
				rope_theta: theta,
				...rest
			} = values.rope_parameters as Record<string, unknown>;
			delete values.rope_parameters;
			values.rope_theta = theta;
			values.rope_scaling = { rope_type: type, ...rest };
		});
		await convert(join(fixtures, "llama"));
		const before = readFileSync(output);
		await convertModel({ directory: model, output, precision: "f16" });
		expect(readFileSync(output).equals(before)).toBe(true);
	});

	it("that sees gives its language part", async () => {
		const model = copyOf("gemma3");
		change(model, "config.json", ({ architectures: _, ...values }) => ({
			architectures: ["Gemma3ForConditionalGeneration"],
			text_config: values,
		}));
		const tensors: Record<string, TensorFixture> = {};
		{
			await using weights = await SafetensorsDirectory.open(model, "model");
			for (const [name, tensor] of weights.tensors) {
				const bytes = new Uint8Array(tensor.sizeBytes);
				await tensor.file.read(tensor, 0, bytes);
				const { type, shape } = tensor;
				tensors[`language_model.${name}`] = { type, shape, bytes };
			}
		}
		tensors["vision_tower.patch.weight"] = {
			type: "F32",
			shape: [1],
			bytes: new Uint8Array(4),
		};
		writeFileSync(join(model, "model.safetensors"), safetensorsBytes(tensors));
		const { warnings } = await convert(model);
		expect(warnings.join()).toMatch(/doesn't see images/);
	});
});

describe("refused with the reason", () => {
	const config: [string, string, Record<string, unknown>, RegExp][] = [
		[
			"an unknown architecture",
			"llama",
			{ architectures: ["NovelForCausalLM"] },
			/"NovelForCausalLM".*It converts LlamaForCausalLM/,
		],
		[
			"quantised weights",
			"llama",
			{ quantization_config: { quant_method: "gptq" } },
			/quantised already \(gptq\)/,
		],
		[
			"another activation",
			"llama",
			{ hidden_act: "relu" },
			/activation "relu"/,
		],
		[
			"unknown scaling",
			"llama",
			{ rope_parameters: { rope_type: "spiral", rope_theta: 1 } },
			/by "spiral"/,
		],
		[
			"queries scaled otherwise",
			"gemma2",
			{ query_pre_attn_scalar: 99 },
			/query_pre_attn_scalar/,
		],
		[
			"layers that aren't there",
			"llama",
			{ num_hidden_layers: 3 },
			/layer 2 input_layernorm.*and 4 more/,
		],
		[
			"heads that don't divide the rows",
			"llama",
			{ num_attention_heads: 7 },
			/7 heads/,
		],
		[
			"an untied output that is missing",
			"llama",
			{ tie_word_embeddings: false },
			/lm_head.weight/,
		],
	];
	it.each(config)("%s", async (_, family, values, message) => {
		const model = copyOf(family);
		change(model, "config.json", (old) => ({ ...old, ...values }));
		await expectRefusal(model, message);
	});

	it("tensors that such a model hasn't", async () => {
		const model = copyOf("llama");
		writeFileSync(
			join(model, "model.safetensors"),
			safetensorsBytes({
				"model.layers.0.self_attn.strange.weight": {
					type: "F32",
					shape: [1],
					bytes: new Uint8Array(4),
				},
			}),
		);
		await expectRefusal(model, /self_attn\.strange\.weight/);
	});

	it("a cut of texts that the engine doesn't know", async () => {
		const model = copyOf("qwen2");
		change(model, "tokenizer.json", (values) => {
			values.pre_tokenizer = {
				type: "Sequence",
				pretokenizers: [
					{
						type: "Split",
						pattern: { Regex: "\\w+" },
						behavior: "Isolated",
						invert: false,
					},
					{ type: "ByteLevel", add_prefix_space: false, use_regex: false },
				],
			};
		});
		await expectRefusal(model, /cuts text by \\w\+.*It knows gpt-2/);
	});

	it.each([
		["Unigram", /of kind "Unigram"/],
		["WordPiece", /of kind "WordPiece"/],
	])("a tokenizer of kind %s", async (type, message) => {
		const model = copyOf("qwen2");
		change(model, "tokenizer.json", (values) => {
			values.model = { type };
		});
		await expectRefusal(model, message);
	});

	it("merges that SentencePiece would not make", async () => {
		const model = copyOf("mistral");
		change(model, "tokenizer.json", (values) => {
			const inner = values.model as { merges: unknown[] };
			inner.merges.splice(3, 1);
		});
		await expectRefusal(model, /no SentencePiece ones/);
	});

	it("two tokens of the same text", async () => {
		const model = copyOf("qwen2");
		change(model, "tokenizer.json", (values) => {
			const added = values.added_tokens as { content: string }[];
			for (const token of added) token.content = "<|end|>";
		});
		await expectRefusal(model, /the same text "<\|end\|>"/);
	});

	it("a damaged tokenizer.model", async () => {
		const model = copyOf("gemma2");
		writeFileSync(join(model, "tokenizer.model"), "no protocol buffer");
		await expectRefusal(model, /no SentencePiece model/);
	});

	it("a directory without config.json", async () => {
		await expect(convert(directory)).rejects.toMatchObject({
			code: "model_not_found",
		});
	});
});
