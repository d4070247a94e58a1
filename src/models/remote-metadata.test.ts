import { describe, expect, it } from "vitest";
import { describeRemoteModel, type RemoteFile } from "./remote-metadata.ts";
import { ggufBytes, llamaValues, texts, u32 } from "./testing/gguf-fixture.ts";

const tensors = [{ name: "token_embd.weight", shape: [64, 3], type: 8 }];

function remote(name: string, bytes: Uint8Array) {
	const ranges: [number, number][] = [];
	const file: RemoteFile = {
		name,
		sizeBytes: bytes.length,
		readRange: async (from, end) => {
			ranges.push([from, end]);
			return bytes.subarray(from, end);
		},
	};
	return { file, ranges };
}

const describeOne = (file: RemoteFile) =>
	describeRemoteModel(file.name, async () => file);

describe("describeRemoteModel", () => {
	it("describes a small model out of one range, whatever the size of its weights", async () => {
		const bytes = ggufBytes({
			values: llamaValues({}),
			tensors,
			dataBytes: 3_000_000,
		});
		const { file, ranges } = remote("small.gguf", bytes);
		expect(await describeOne(file)).toMatchObject({
			path: "small.gguf",
			architecture: "llama",
			layers: 2,
			sizeBytes: bytes.length,
			weightBytes: 204,
		});
		expect(ranges).toHaveLength(1);
	});

	it("asks for more while the header goes on, each time twice as much, and not for the same bytes twice", async () => {
		const words = Array.from(
			{ length: 60_000 },
			(_, index) => `a rather long word ${index}`,
		);
		const bytes = ggufBytes({
			values: llamaValues({ "tokenizer.ggml.tokens": texts(words) }),
			tensors,
			dataBytes: 1_000_000,
		});
		const { file, ranges } = remote("words.gguf", bytes);
		expect((await describeOne(file)).vocabularySize).toBe(words.length);
		expect(ranges.length).toBeGreaterThan(1);
		for (const [index, [from, end]] of ranges.entries()) {
			const [nextFrom, nextEnd] = ranges[index + 1] ?? [];
			if (nextFrom === undefined || nextEnd === undefined) continue;
			expect(nextFrom).toBeGreaterThanOrEqual(end);
			if (nextEnd < bytes.length)
				expect(nextEnd - nextFrom).toBe(2 * (end - from));
		}
	});

	it("puts a split model together from the headers of its parts", async () => {
		const values = llamaValues({ "split.count": u32(2) });
		const part = ggufBytes({ values, tensors, dataBytes: 204 });
		const files = new Map(
			["m-00001-of-00002.gguf", "m-00002-of-00002.gguf"].map((name) => [
				name,
				remote(name, part).file,
			]),
		);
		const description = await describeRemoteModel(
			"m-00001-of-00002.gguf",
			async (name) => files.get(name) as RemoteFile,
		);
		expect(description).toMatchObject({
			parameters: 2 * 192,
			sizeBytes: 2 * part.length,
		});
	});

	it("says that a file is no model, or is cut off", async () => {
		const page = remote("page.gguf", Buffer.from("<html>not found</html>"));
		await expect(describeOne(page.file)).rejects.toMatchObject({
			code: "model_unusable",
		});
		const whole = ggufBytes({
			values: llamaValues({}),
			tensors,
			dataBytes: 204,
		});
		const cut = remote("cut.gguf", whole.subarray(0, 100));
		await expect(describeOne(cut.file)).rejects.toThrow("cut off");
	});
});
