import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { readEncoderDirectory } from "./encoder-directory.ts";
import { promptsOf } from "./known-prompts.ts";

const made: string[] = [];
afterEach(async () => {
	for (const folder of made.splice(0)) await rm(folder, { recursive: true });
});

async function folderOf(files: Record<string, unknown>, name = "model") {
	const root = await mkdtemp(join(tmpdir(), "galley-encoder-"));
	made.push(root);
	const all = {
		"config.json": {},
		"tokenizer.json": {},
		"onnx/model.onnx": "",
		...files,
	};
	for (const [file, content] of Object.entries(all)) {
		const path = join(root, name, file);
		await mkdir(dirname(path), { recursive: true });
		await writeFile(path, JSON.stringify(content));
	}
	return join(root, name);
}

const modules = [
	{ path: "", type: "sentence_transformers.models.Transformer" },
	{ path: "1_Pooling", type: "sentence_transformers.models.Pooling" },
	{ path: "2_Normalize", type: "sentence_transformers.models.Normalize" },
];

describe("an encoder's folder", () => {
	test.each([
		["cls", { pooling_mode_cls_token: true, pooling_mode_mean_tokens: false }],
		["last", { pooling_mode_lasttoken: true }],
		["max", { pooling_mode_max_tokens: true }],
		["mean", { pooling_mode: "mean" }],
		["last", { pooling_mode: "lasttoken" }],
	])("pools by %s where its files say so", async (expected, pooling) => {
		const path = await folderOf({
			"modules.json": modules,
			"1_Pooling/config.json": pooling,
		});
		expect(await readEncoderDirectory(path)).toMatchObject({
			pooling: expected,
			isNormalized: true,
		});
	});

	test("without a Normalize module vectors keep their length", async () => {
		const path = await folderOf({
			"modules.json": modules.slice(0, 1),
		});
		expect(await readEncoderDirectory(path)).toMatchObject({
			isNormalized: false,
		});
	});

	test("is known by its repository where the folder is called after a commit", async () => {
		const path = await folderOf({}, "1f6448fca206ce96fb64678c6e3ada3b220bb2a6");
		expect(await readEncoderDirectory(path)).toMatchObject({
			pooling: "mean",
			prompts: { query: "" },
		});
		expect(
			await readEncoderDirectory(path, ["BAAI/bge-small-en-v1.5"]),
		).toMatchObject({ pooling: "cls" });
		expect(
			await readEncoderDirectory(path, ["intfloat/multilingual-e5-small"]),
		).toMatchObject({
			pooling: "mean",
			prompts: { query: "query: ", passage: "passage: " },
		});
	});

	test("takes the least of the lengths that its files tell", async () => {
		const bert = await folderOf({
			"config.json": { max_position_embeddings: 512 },
			"tokenizer_config.json": { model_max_length: 1e30 },
		});
		expect((await readEncoderDirectory(bert)).maxInputTokens).toBe(512);
		const roberta = await folderOf({
			"config.json": {
				model_type: "xlm-roberta",
				pad_token_id: 1,
				max_position_embeddings: 514,
			},
		});
		expect((await readEncoderDirectory(roberta)).maxInputTokens).toBe(512);
		const nomic = await folderOf({
			"config.json": { n_positions: 8192, max_trained_positions: 2048 },
		});
		expect((await readEncoderDirectory(nomic)).maxInputTokens).toBe(2048);
	});

	test.each([
		[
			"two poolings at once",
			{ pooling_mode_cls_token: true, pooling_mode_mean_tokens: true },
			"cls + mean",
		],
		[
			"a pooling that leaves the prompt out",
			{ pooling_mode_mean_tokens: true, include_prompt: false },
			"Instructor",
		],
		[
			"a pooling that isn't there",
			{ pooling_mode_weightedmean_tokens: true },
			"weighted-mean",
		],
	])("refuses %s by name", async (_, pooling, words) => {
		const path = await folderOf({
			"modules.json": modules,
			"1_Pooling/config.json": pooling,
		});
		await expect(readEncoderDirectory(path)).rejects.toThrow(words);
	});

	test("refuses a module that it doesn't compute, and a classifier of many classes", async () => {
		const dense = await folderOf({
			"modules.json": [
				...modules,
				{ path: "3_Dense", type: "sentence_transformers.models.Dense" },
			],
			"1_Pooling/config.json": { pooling_mode: "mean" },
		});
		await expect(readEncoderDirectory(dense)).rejects.toThrow("models.Dense");
		const classifier = await folderOf({
			"config.json": {
				architectures: ["BertForSequenceClassification"],
				id2label: { 0: "a", 1: "b", 2: "c" },
			},
		});
		await expect(readEncoderDirectory(classifier)).rejects.toThrow("3 classes");
	});
});

describe("prompts", () => {
	test("are the model's own where it lists them", () => {
		expect(
			promptsOf(["e5-small"], { query: "q: ", document: "d: " }, "document"),
		).toEqual({ query: "q: ", passage: "d: ", unspecified: "d: " });
	});

	test.each([
		["intfloat/multilingual-e5-small", "query: ", "passage: "],
		["nomic-embed-text-v1.5", "search_query: ", "search_document: "],
		[
			"bge-small-en-v1.5",
			"Represent this sentence for searching relevant passages: ",
			"",
		],
		["bge-m3", "", ""],
		["all-MiniLM-L6-v2", "", ""],
		["gte-modernbert-base", "", ""],
	])("of %s are those of its card", (name, query, passage) => {
		expect(promptsOf([name], {}, null)).toMatchObject({ query, passage });
	});
});
