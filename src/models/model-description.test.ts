import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeModel } from "./model-description.ts";
import {
	type FixtureValue,
	ggufBytes,
	llamaValues,
	text,
	u32,
	u32s,
} from "./testing/gguf-fixture.ts";

const tensors = [
	{ name: "token_embd.weight", shape: [64, 3], type: 8 },
	{ name: "blk.0.attn_q.weight", shape: [64, 64], type: 8, offset: 224 },
];
const dataBytes = 224 + 4352;

describe("describeModel", () => {
	let directory: string;
	beforeAll(() => {
		directory = mkdtempSync(join(tmpdir(), "galley-description-"));
	});
	afterAll(() => rmSync(directory, { recursive: true }));

	function write(
		name: string,
		overrides: Readonly<Record<string, FixtureValue | undefined>> = {},
		hasTensors = true,
	): string {
		const path = join(directory, name);
		const content = hasTensors ? { tensors, dataBytes } : {};
		writeFileSync(
			path,
			ggufBytes({ values: llamaValues(overrides), ...content }),
		);
		return path;
	}

	it("tells what a model is", async () => {
		const path = write("small.gguf", { "general.license": text("apache-2.0") });
		expect(await describeModel(path)).toMatchObject({
			path,
			name: "Small",
			architecture: "llama",
			parameters: 192 + 4096,
			precision: "Q8_0",
			layers: 2,
			embeddingLength: 64,
			feedForwardLength: 128,
			heads: 4,
			kvHeads: [2, 2],
			keyLength: 16,
			valueLength: 16,
			trainedContextLength: 2048,
			vocabularySize: 3,
			hasChatTemplate: true,
			license: "apache-2.0",
			isRecurrent: false,
			slidingWindow: null,
			weightBytes: 204 + 4352,
		});
	});

	it("fills gaps: the name from the file, as many KV heads as heads, the precision from the weights", async () => {
		const path = write("Gaps-Q8_0.gguf", {
			"general.name": undefined,
			"general.file_type": undefined,
			"llama.attention.head_count_kv": undefined,
			"llama.context_length": undefined,
			"tokenizer.chat_template": undefined,
		});
		expect(await describeModel(path)).toMatchObject({
			name: "Gaps-Q8_0",
			precision: "Q8_0",
			kvHeads: [4, 4],
			trainedContextLength: null,
			hasChatTemplate: false,
			license: null,
		});
	});

	it("understands layers that differ, own head lengths, and experts", async () => {
		const path = write("mixed.gguf", {
			"llama.attention.head_count_kv": u32s([0, 2]),
			"llama.attention.key_length": u32(32),
			"llama.attention.value_length": u32(24),
			"llama.expert_feed_forward_length": u32(100),
			"llama.expert_used_count": u32(4),
			"llama.attention.sliding_window": u32(512),
			"llama.ssm.state_size": u32(16),
		});
		expect(await describeModel(path)).toMatchObject({
			kvHeads: [0, 2],
			keyLength: 32,
			valueLength: 24,
			feedForwardLength: 400,
			slidingWindow: 512,
			isRecurrent: true,
		});
	});

	it("adds up the parts of a split model", async () => {
		const split = { "split.count": u32(2), "split.no": u32(0) };
		const first = write("split-00001-of-00002.gguf", split);
		const second = write("split-00002-of-00002.gguf", {
			"split.count": u32(2),
			"split.no": u32(1),
		});
		expect(await describeModel(first)).toMatchObject({
			parameters: 2 * (192 + 4096),
		});
		await expect(describeModel(second)).rejects.toThrow(
			`is part 2 of 2; name the first part, "${first}"`,
		);
		rmSync(second);
		await expect(describeModel(first)).rejects.toMatchObject({
			code: "model_not_found",
		});
		await expect(describeModel(write("renamed.gguf", split))).rejects.toThrow(
			"isn't named like one",
		);
	});

	it("refuses files that are no model to run, and says what they are", async () => {
		await expect(
			describeModel(write("lora.gguf", { "general.type": text("adapter") })),
		).rejects.toThrow("is a LoRA adapter");
		await expect(
			describeModel(write("mmproj.gguf", { "general.type": text("mmproj") })),
		).rejects.toThrow("image part");
		await expect(
			describeModel(write("vocabulary.gguf", {}, false)),
		).rejects.toThrow("a vocabulary without weights");
		await expect(
			describeModel(
				write("nameless.gguf", { "general.architecture": undefined }),
			),
		).rejects.toThrow("doesn't say its architecture");
		await expect(
			describeModel(write("empty.gguf", { "llama.block_count": undefined })),
		).rejects.toThrow(`doesn't give "llama.block_count"`);
	});
});
