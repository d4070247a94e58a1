import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { describeModel } from "../../src/models/model-description.ts";
import { ensureRandomModel } from "../random-model/random-model.ts";
import { readBuffers } from "./buffers.ts";
import { foretell, smallCases, toEngineOptions } from "./cases.ts";
import { measureEngine } from "./measure.ts";

describe("the memory that a profile foretells", () => {
	test.each(smallCases)(
		"is what the library allocates, within 10 %: $precision, $contextLength x $maxSequences $kvLayout, $kvType, flash attention $flashAttention",
		async (memory) => {
			const path = ensureRandomModel(memory.shape, memory.precision);
			const options = toEngineOptions(path, memory, 1);
			const foretold = foretell(await describeModel(path), options);
			const { buffers } = await measureEngine(options, 1, 0);
			const within = (estimate: number, actual: number) =>
				expect(Math.abs(estimate / actual - 1)).toBeLessThan(0.1);
			within(foretold.weightBytes, buffers.weightBytes);
			within(foretold.kvBytes, buffers.kvBytes);
			// The library reserves a row of logits for every token; what is never used of it takes no memory on a CPU.
			within(
				foretold.computeBytes(options.microBatchTokens),
				buffers.computeBytes,
			);
		},
	);

	test("is what the library allocates for the starter model with a cache of small numbers", async () => {
		const path = fileURLToPath(
			new URL(
				"../../models/starter-chat/starter-chat-q8_0.gguf",
				import.meta.url,
			),
		);
		const memory = {
			shape: "tiny",
			precision: "q8_0",
			contextLength: 1024,
			maxSequences: 4,
			kvLayout: "streams",
			kvType: "q8_0",
			flashAttention: "auto",
		} as const;
		const options = toEngineOptions(path, memory, 1);
		const foretold = foretell(await describeModel(path), options);
		const { buffers } = await measureEngine(options, 1, 0);
		expect(Math.abs(foretold.kvBytes / buffers.kvBytes - 1)).toBeLessThan(0.1);
		expect(
			Math.abs(
				foretold.computeBytes(options.microBatchTokens) / buffers.computeBytes -
					1,
			),
		).toBeLessThan(0.1);
	});

	test("is compared with what the library's log says", () => {
		expect(
			readBuffers([
				"load_tensors:   CPU_Mapped model buffer size =   100.00 MiB",
				"load_tensors:   CPU_REPACK model buffer size =    40.00 MiB",
				"llama_context:        CPU  output buffer size =     1.50 MiB",
				"llama_kv_cache:        CPU KV buffer size =   360.00 MiB",
				"sched_reserve:        CPU compute buffer size =   102.50 MiB",
				"something else = 3 MiB",
			]),
		).toEqual({
			weightBytes: 100 * 2 ** 20,
			repackedBytes: 40 * 2 ** 20,
			kvBytes: 360 * 2 ** 20,
			computeBytes: 102.5 * 2 ** 20,
			outputBytes: 1.5 * 2 ** 20,
		});
		expect(
			readBuffers([
				"CPU model buffer size = 60.00 MiB",
				"CPU_REPACK model buffer size = 40.00 MiB",
			]).weightBytes,
		).toBe(100 * 2 ** 20);
	});
});
