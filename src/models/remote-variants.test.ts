import { describe, expect, it } from "vitest";
import { groupVariants } from "./hub/model-variants.ts";
import { describeVariants } from "./remote-variants.ts";
import { ggufBytes, llamaValues } from "./testing/gguf-fixture.ts";

const tensors = [{ name: "token_embd.weight", shape: [64, 3], type: 8 }];
const model = (dataBytes: number) =>
	ggufBytes({ values: llamaValues({}), tensors, dataBytes });

function repository(files: Readonly<Record<string, Uint8Array>>) {
	const read: string[] = [];
	const variants = groupVariants(
		Object.entries(files).map(([name, bytes]) => ({
			name,
			sizeBytes: bytes.length,
			sha256: null,
			gitBlobId: null,
		})),
	);
	const describeAll = () =>
		describeVariants(variants, async ({ name }, from, end) => {
			read.push(name);
			const bytes = files[name];
			if (bytes === undefined) throw new Error(`no ${name}`);
			return bytes.subarray(from, end);
		});
	return { describeAll, read };
}

describe("describeVariants", () => {
	it("reads one header for a model in several precisions, and tells the others by their size", async () => {
		const { describeAll, read } = repository({
			"m-Q4_0.gguf": model(204),
			"m-Q8_0.gguf": model(1204),
			"m-F16.gguf": model(2204),
		});
		const described = await describeAll();
		expect(read).toEqual(["m-Q4_0.gguf"]);
		const weights = described.map(({ variant, description }) => [
			variant.label,
			description.weightBytes,
			description.path,
		]);
		expect(weights).toEqual([
			["Q4_0", 204, "m-Q4_0.gguf"],
			["Q8_0", 1204, "m-Q8_0.gguf"],
			["F16", 2204, "m-F16.gguf"],
		]);
		expect(described[1]?.description.precision).toBe("Q8_0");
	});

	it("reads a header for each of several models", async () => {
		const { describeAll, read } = repository({
			"small-Q4_0.gguf": model(204),
			"large-Q4_0.gguf": model(9204),
		});
		expect(await describeAll()).toHaveLength(2);
		expect(read.sort()).toEqual(["large-Q4_0.gguf", "small-Q4_0.gguf"]);
	});

	it("leaves out what can't be read, and fails when nothing can", async () => {
		const broken = Buffer.from("this is no model");
		const some = repository({
			"a-Q4_0.gguf": broken,
			"b-Q4_0.gguf": model(204),
		});
		expect(await some.describeAll()).toHaveLength(1);
		await expect(
			repository({ "a-Q4_0.gguf": broken }).describeAll(),
		).rejects.toMatchObject({ code: "model_unusable" });
	});
});
