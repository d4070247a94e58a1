import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import {
	diskFiles,
	parseModelReference,
	starterModels,
} from "../model-reference.ts";
import { Catalog, type CatalogItem } from "./catalog.ts";
import { catalogDomains, catalogTaskNames } from "./catalog-entry.ts";
import { catalogNames } from "./catalog-names.ts";
import { builtInCatalog } from "./catalog-sources.ts";
import { formatProblem } from "./parse-entries.ts";
import { readCatalog } from "./read-catalog.ts";

let items: CatalogItem[] = [];
let problems: string[] = [];
beforeAll(async () => {
	const reading = await readCatalog([builtInCatalog()]);
	items = reading.items;
	problems = reading.problems.map(formatProblem);
});

const first = (words: string, count = 1) =>
	new Catalog(items, { availableBytes: () => 16 * 1024 ** 3 })
		.search({ words })
		.entries.slice(0, count)
		.map(({ id }) => id);

describe("the catalog that comes with Galley", () => {
	it("is right in every entry, and none is lost", () => {
		expect(problems).toEqual([]);
		const files = readdirSync(join(diskFiles.packageDirectory, "catalog"));
		expect(items.map(({ id }) => `${id}.yaml`).sort()).toEqual(files.sort());
		expect(items.length).toBeGreaterThanOrEqual(60);
	});

	it("covers every task and domain", () => {
		const tasks = new Set(items.flatMap((item) => item.tasks));
		expect([...catalogTaskNames].filter((task) => !tasks.has(task))).toEqual([
			// Every language model does this too; base models are few here.
			...(tasks.has("completion") ? [] : ["completion"]),
		]);
		expect(new Set(items.map((item) => item.domain))).toEqual(
			new Set(catalogDomains),
		);
	});

	it("refers to models in words that galley run understands", () => {
		for (const { id, variants } of items)
			for (const { reference } of variants)
				expect(
					["hub", "starter", "directory"],
					`${id}: ${reference}`,
				).toContain(parseModelReference(reference).kind);
	});

	it("gives every entry's name to galley run", () => {
		const catalog = catalogNames([builtInCatalog()]);
		expect([...catalog.names()].sort()).toEqual(
			items.map(({ id }) => id).sort(),
		);
		for (const id of ["qwen3-0.6b", "bge-m3", "starter-chat"]) {
			const listed = items.find((item) => item.id === id);
			expect(catalog.find(id)).toEqual({
				reference: listed?.variants[0]?.reference,
				obstacle: null,
			});
			expect(parseModelReference(id, diskFiles, { catalog }).name).toBe(id);
		}
	});

	it("refuses by name what isn't served, before anything is downloaded", () => {
		const catalog = catalogNames([builtInCatalog()]);
		expect(() =>
			parseModelReference("whisper-tiny", diskFiles, { catalog }),
		).toThrow(
			'"whisper-tiny" is in the catalog, but can\'t be run. Not yet served by Galley: speech recognition is planned. To download it all the same: galley pull hf://openai/whisper-tiny.',
		);
	});

	it("says of the starter models what lies in the package, and of no other that Galley ran it", () => {
		const run = items.filter(({ runBy }) => runBy === "galley");
		expect(run.map(({ id }) => id).sort()).toEqual(
			[...starterModels.keys()].sort(),
		);
		for (const { variants, sources } of run) {
			for (const source of sources)
				expect(existsSync(join(diskFiles.packageDirectory, source))).toBe(true);
			for (const { reference, sizeBytes, quantisation } of variants) {
				const path = join(
					diskFiles.packageDirectory,
					starterModels.get(reference) ?? "",
				);
				const file = path.endsWith(".gguf")
					? path
					: join(path, "onnx", onnxFile(quantisation));
				expect(statSync(file).size).toBe(sizeBytes);
			}
		}
	});

	it("says so where Galley doesn't serve a model, and names no engine", () => {
		for (const { id, domain, served } of items) {
			if (domain === "speech" || domain === "vision")
				expect(served.engine, id).toBe("none");
			if (served.engine === "none")
				expect(served.note, id).toMatch(/^Not yet served by Galley: /);
		}
	});

	it("has a source for every figure, and each among public pages", () => {
		for (const { id, card, sources } of items) {
			expect(sources.length, id).toBeGreaterThan(0);
			for (const { source } of card.benchmarks)
				expect(source, id).toMatch(/^(https:\/\/|models\/starter-)/);
		}
	});

	it("was read beside the publishers' text, and says what wasn't found there", () => {
		const unknownOf = (item: CatalogItem): Record<string, boolean> => ({
			parameters: item.parameters === "unknown",
			"context-length": item.contextLength === "unknown",
			languages: item.languages === "unknown",
			memory: item.memory === "unknown",
			settings: item.settings === "unknown",
			"release-date": item.released === "unknown",
			"intended-use": item.card.intendedUse === "unknown",
			limits: item.card.limits === "unknown",
			"training-data": item.card.trainingData === "unknown",
			benchmarks: item.card.benchmarks.length === 0,
			safety: item.card.safety === "unknown",
		});
		for (const item of items) {
			expect(item.checked, item.id).not.toBeNull();
			for (const fact of item.checked?.notFound ?? [])
				expect(unknownOf(item)[fact], `${item.id} gives no ${fact}`).not.toBe(
					true,
				);
		}
	});

	it("names each published figure once", () => {
		for (const { id, card } of items) {
			const names = card.benchmarks.map(
				({ name, metric }) => `${name} ${metric}`,
			);
			expect(new Set(names).size, id).toBe(names.length);
		}
	});

	it("finds what people ask for", () => {
		expect(first("qwen3 0.6b")).toEqual(["qwen3-0.6b"]);
		expect(first("llama3.2", 2).sort()).toEqual([
			"llama-3.2-1b-instruct",
			"llama-3.2-3b-instruct",
		]);
		expect(first("whisper small")).toEqual(["whisper-small"]);
		expect(first("gpt oss")).toEqual(["gpt-oss-20b"]);
		expect(first("starter")[0]).toMatch(/^starter-/);
		for (const [words, task] of [
			["speech to text", "speech-recognition"],
			["text to speech", "speech-synthesis"],
			["transcribe", "speech-recognition"],
			["tts", "speech-synthesis"],
			["rerank", "reranking"],
			["vector search", "embedding"],
			["coding", "code"],
			["object detection", "object-detection"],
		] as const) {
			const [id] = first(words);
			expect(
				items.find((item) => item.id === id)?.tasks,
				`${words} finds ${id}`,
			).toContain(task);
		}
	});
});

function onnxFile(quantisation: string): string {
	return (
		{ INT8: "model_int8.onnx", F16: "model_fp16.onnx" }[quantisation] ??
		"model.onnx"
	);
}
