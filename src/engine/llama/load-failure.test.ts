import {
	mkdtempSync,
	readFileSync,
	rmSync,
	truncateSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureRandomModel } from "../../../bench/random-model/random-model.ts";
import type { EngineOptions } from "../engine.ts";
import { llamaEngine } from "./llama.ts";
import { toLoadFailure } from "./load-failure.ts";

const optionsFor = (modelPath: string): EngineOptions => ({
	modelPath,
	contextLength: 256,
	maxSequences: 1,
	kvCells: 256,
	kvLayout: "unified",
	kvTypeK: "f16",
	kvTypeV: "f16",
	maxBatchTokens: 32,
	microBatchTokens: 32,
	threads: 1,
	threadsBatch: 1,
	flashAttention: "auto",
	gpuLayers: 0,
	memoryMap: true,
	memoryLock: false,
});

describe("loading a bad model", () => {
	let folder: string;
	let model: Buffer;
	beforeAll(() => {
		folder = mkdtempSync(join(tmpdir(), "galley-"));
		model = readFileSync(ensureRandomModel("tiny"));
	});
	afterAll(() => rmSync(folder, { recursive: true }));

	const write = (name: string, bytes: Uint8Array | string): string => {
		const path = join(folder, name);
		writeFileSync(path, bytes);
		return path;
	};
	const expectRefused = async (path: string, reason: RegExp): Promise<void> => {
		const expected = expect.objectContaining({
			code: "engine_error",
			message: expect.stringMatching(reason),
		});
		await expect(llamaEngine.load(optionsFor(path))).rejects.toEqual(expected);
		expect(() => llamaEngine.loadVocabulary(path)).toThrow(expected);
	};

	it("says that the file does not exist", () =>
		expectRefused(join(folder, "nothing.gguf"), /does not exist/));

	it("says that it is a folder", () => expectRefused(folder, /not a file/));

	it("says that it is not a GGUF", async () => {
		await expectRefused(write("text.gguf", "once upon a time"), /not a GGUF/);
		await expectRefused(write("empty.gguf", ""), /not a GGUF/);
	});

	it("says that the file is truncated, wherever it ends", async () => {
		for (const share of [0.0005, 0.02]) {
			const path = write("header.gguf", model);
			truncateSync(path, Math.ceil(share * model.length));
			await expectRefused(path, /truncated or damaged/);
		}
		const path = write("weights.gguf", model);
		truncateSync(path, Math.ceil(0.9 * model.length));
		await expect(llamaEngine.load(optionsFor(path))).rejects.toThrow(
			/truncated or damaged/,
		);
	});

	it("names the architecture that it does not know", async () => {
		const text = model.toString("latin1").replaceAll("llama", "lxama");
		await expectRefused(
			write("unknown.gguf", Buffer.from(text, "latin1")),
			/"lxama"/,
		);
	});

	it("survives files with any few bytes changed in the header", async () => {
		for (let seed = 0; seed < 40; seed++) {
			const bytes = Buffer.from(model);
			for (let change = 0; change < 3; change++) {
				bytes[4 + ((seed * 7919 + change * 104_729) % 2000)] =
					(seed * 31 + change * 17) % 256;
			}
			try {
				llamaEngine
					.loadVocabulary(write("mutated.gguf", bytes))
					[Symbol.dispose]();
			} catch (error) {
				expect(error).toMatchObject({ code: "engine_error" });
			}
		}
	});
});

describe("toLoadFailure", () => {
	it("explains a lack of memory", () => {
		const problems = [
			"ggml_aligned_malloc: insufficient memory",
			"alloc_tensor_range: failed to allocate CPU buffer of size 1",
		];
		expect(toLoadFailure("No context", problems).message).toMatch(
			/not enough memory/,
		);
	});

	it("gives the library's last words for what it has no explanation for", () => {
		expect(
			toLoadFailure("No context", ["first", "the moon is full"]).message,
		).toMatch(/the moon is full/);
		expect(toLoadFailure("No context", []).message).toMatch(/no reason/);
	});
});
