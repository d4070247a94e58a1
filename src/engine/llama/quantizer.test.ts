import {
	existsSync,
	mkdtempSync,
	readdirSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { ensureRandomModel } from "../../../bench/random-model/random-model.ts";
import { describeModel } from "../../models/model-description.ts";
import { toPrecisionName } from "./precisions.ts";
import { quantizeModel } from "./quantizer.ts";
import { readQuantizePlan } from "./quantizer-log.ts";

const folder = mkdtempSync(join(tmpdir(), "galley-quantizer-"));
afterAll(() => rmSync(folder, { recursive: true }));

const starterModel = fileURLToPath(
	new URL(
		"../../../models/starter-chat/starter-chat-q8_0.gguf",
		import.meta.url,
	),
);
const tiny = ensureRandomModel("tiny", "f16");
const output = (name: string) => join(folder, name);

describe("quantizeModel", () => {
	it("makes a smaller file of the precision that was asked for", async () => {
		const path = output("tiny-q8_0.gguf");
		const result = await quantizeModel({
			input: tiny,
			output: path,
			precision: "q8_0",
			threads: 1,
		});
		expect(result).toMatchObject({ precision: "Q8_0", warnings: [] });
		const made = await describeModel(path);
		const source = await describeModel(tiny);
		expect(made.precision).toBe("Q8_0");
		expect(made.parameters).toBe(source.parameters);
		expect(made.weightBytes).toBe(result.resultBytes);
		expect(source.weightBytes).toBe(result.sourceBytes);
	});

	it("tells which tensors got another type because their rows don't suit", async () => {
		const { fallbacks, warnings } = await quantizeModel({
			input: tiny,
			output: output("tiny-q4_k_m.gguf"),
			precision: "Q4_K_M",
			threads: 1,
		});
		expect(fallbacks).toContainEqual({
			name: "blk.0.attn_q.weight",
			wanted: "q4_K",
			got: "q5_0",
		});
		expect(warnings.join()).toMatch(/14 of 20 tensors/);
	});

	it("quantizes what is quantised already only when that is allowed, says so, and tells how far it is", async () => {
		const options = {
			input: starterModel,
			output: output("starter-q4_0.gguf"),
			precision: "Q4_0",
			threads: 1,
		};
		await expect(quantizeModel(options)).rejects.toMatchObject({
			code: "invalid_request",
			message: expect.stringMatching(/quantised already/),
		});
		const seen: number[] = [];
		const { warnings } = await quantizeModel({
			...options,
			allowRequantize: true,
			onProgress: ({ tensorsDone, tensors }) => {
				expect(tensors).toBe(56);
				seen.push(tensorsDone);
			},
		});
		expect(warnings.join()).toMatch(
			/worse than what is made from the original/,
		);
		expect([...seen].sort((a, b) => a - b)).toEqual(seen);
		expect(statSync(options.output).size).toBeLessThan(
			0.7 * statSync(starterModel).size,
		);
	});

	it("refuses what makes no sense, and leaves nothing behind", async () => {
		const before = readdirSync(folder);
		const attempt = (more: object) =>
			quantizeModel({
				input: tiny,
				output: output("never.gguf"),
				precision: "Q8_0",
				threads: 1,
				...more,
			});
		await expect(attempt({ precision: "Q9_Z" })).rejects.toThrow(
			/There are: F16/,
		);
		await expect(attempt({ precision: "F16" })).rejects.toThrow(/already/);
		await expect(attempt({ output: tiny })).rejects.toThrow(/replace/);
		await expect(
			attempt({ input: starterModel, precision: "F16", allowRequantize: true }),
		).rejects.toThrow(/larger without making it better/);
		await expect(
			attempt({ input: join(folder, "missing.gguf") }),
		).rejects.toThrow(/does not exist/);
		await expect(attempt({ freeBytesOf: async () => 1024 })).rejects.toThrow(
			/takes 33 MiB on disk; 1 MiB are free/,
		);
		const broken = output("broken.gguf");
		writeFileSync(broken, "GGUF and then nothing that makes sense");
		await expect(attempt({ input: broken })).rejects.toMatchObject({
			code: "engine_error",
		});
		rmSync(broken);
		expect(readdirSync(folder)).toEqual(before);
	});

	it("ends at once when it is cancelled", async () => {
		const controller = new AbortController();
		const path = output("cancelled.gguf");
		const quantizing = quantizeModel({
			input: tiny,
			output: path,
			precision: "Q4_0",
			threads: 1,
			signal: controller.signal,
		});
		controller.abort();
		await expect(quantizing).rejects.toThrow();
		expect(existsSync(path)).toBe(false);
		expect(readdirSync(folder).some((name) => name.endsWith(".partial"))).toBe(
			false,
		);
	});
});

describe("readQuantizePlan", () => {
	const line = (text: string) => ({ level: "info" as const, text });

	it("counts tensors, conversions, bytes and fallbacks from what the library says", () => {
		const plan = readQuantizePlan([
			line("llama_model_loader: something else"),
			line(
				"warning: blk.0.attn_q.weight - ncols    576 not divisible by 256 (required for type    q4_K)",
			),
			line("-> falling back to    q5_0"),
			line(
				"[   1/   3] a.weight - [   64,    2,     1,     1], type =    f16,",
			),
			line("size =     0.00 MiB ->     0.00 MiB (q8_0)"),
			line(
				"[   2/   3] b.weight - [   64,    1,     1,     1], type =   q8_0,",
			),
			line("size =     0.00 MiB ->     0.00 MiB (q4_0)"),
			line("[   3/   3] c - [   64,     1,     1,     1], type =    f32,"),
			line("size =    0.000 MiB"),
		]);
		expect(plan).toEqual({
			tensors: 3,
			convertedTensors: 2,
			requantizedTensors: 1,
			sourceBytes: 256 + 68 + 256,
			resultBytes: 136 + 36 + 256,
			fallbacks: [{ name: "blk.0.attn_q.weight", wanted: "q4_K", got: "q5_0" }],
		});
	});
});

describe("toPrecisionName", () => {
	it("knows precisions however they are written, and nothing else", () => {
		expect(toPrecisionName("q4_k_m")).toBe("Q4_K_M");
		expect(toPrecisionName(" Q8-0 ")).toBe("Q8_0");
		expect(toPrecisionName("constructor")).toBeNull();
		expect(toPrecisionName("IQ1_S")).toBeNull();
	});
});
