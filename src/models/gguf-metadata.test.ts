import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
	type GgufMetadata,
	parseGgufMetadata,
	readGgufMetadata,
} from "./gguf-metadata.ts";
import {
	bool,
	f32,
	type GgufFixture,
	ggufBytes,
	llamaValues,
	text,
	texts,
	u32,
	u32s,
	u64,
} from "./testing/gguf-fixture.ts";

function parse(bytes: Uint8Array): Promise<GgufMetadata> {
	const source = {
		sizeBytes: bytes.length,
		// Short reads, as a network file system gives them.
		read: async (target: Uint8Array, position: number) => {
			const piece = bytes.subarray(
				position,
				position + Math.min(target.length, 100),
			);
			target.set(piece);
			return piece.length;
		},
	};
	return parseGgufMetadata(source, "m.gguf");
}

const parseFixture = (fixture: GgufFixture) => parse(ggufBytes(fixture));
const weights = { name: "w", shape: [64, 2], type: 8 };

describe("parseGgufMetadata", () => {
	it("reads every kind of value", async () => {
		const { values, version } = await parseFixture({
			values: {
				number: u32(7),
				fraction: f32(0.5),
				yes: bool(true),
				long: u64(2n ** 40n),
				name: text("Zoë 🦙"),
				list: u32s([1, 2, 3]),
			},
		});
		expect(version).toBe(3);
		expect(Object.fromEntries(values)).toEqual({
			number: 7,
			fraction: 0.5,
			yes: true,
			long: 2n ** 40n,
			name: "Zoë 🦙",
			list: { length: 3, values: [1, 2, 3] },
		});
	});

	it("knows names, shapes, types and sizes of tensors", async () => {
		const { tensors, dataOffset, sizeBytes } = await parseFixture({
			values: llamaValues(),
			tensors: [weights, { name: "norm", shape: [64], type: 0, offset: 160 }],
			dataBytes: 416,
		});
		expect(tensors).toMatchObject([
			{
				name: "w",
				shape: [64, 2],
				type: { name: "Q8_0" },
				elements: 128,
				sizeBytes: 136,
				offset: 0,
			},
			{
				name: "norm",
				shape: [64],
				type: { name: "F32" },
				elements: 64,
				sizeBytes: 256,
				offset: 160,
			},
		]);
		expect(dataOffset % 32).toBe(0);
		expect(sizeBytes - dataOffset).toBe(416);
	});

	it("walks over a vocabulary without keeping it, and reads on behind it", async () => {
		const vocabulary = Array.from(
			{ length: 5000 },
			(_, index) => `token ${index}`,
		);
		const numbers = Array.from({ length: 5000 }, (_, index) => index);
		const { values } = await parseFixture({
			values: {
				tokens: texts(vocabulary),
				kinds: u32s(numbers),
				last: text("here"),
			},
		});
		expect(values.get("tokens")).toEqual({ length: 5000, values: null });
		expect(values.get("kinds")).toEqual({ length: 5000, values: null });
		expect(values.get("last")).toBe("here");
	});

	it("finds its way through texts of any length, across any window", async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.array(fc.string({ maxLength: 60 }), {
					minLength: 1100,
					maxLength: 1200,
				}),
				async (words) => {
					const bytes = ggufBytes({
						values: { words: texts(words), last: text("here") },
					});
					expect((await parse(bytes)).values.get("last")).toBe("here");
				},
			),
			{ numRuns: 10 },
		);
	});

	it("says when a file is no GGUF", async () => {
		for (const bytes of [
			Buffer.from("PK\x03\x04 some archive"),
			Buffer.from("GG"),
			Buffer.from("<html>not found</html>"),
		]) {
			await expect(parse(bytes)).rejects.toMatchObject({
				code: "model_unusable",
				message: expect.stringContaining("is no GGUF file"),
			});
		}
		await expect(parse(Buffer.alloc(0))).rejects.toThrow("is empty");
	});

	it("says which version it can't read, and when the bytes are the other way round", async () => {
		await expect(parseFixture({ version: 1 })).rejects.toThrow(
			"is of GGUF version 1; versions 2 and 3 can be read",
		);
		await expect(parseFixture({ version: 0x03000000 })).rejects.toThrow(
			"big-endian",
		);
	});

	it("says how many bytes a cut-off file lacks", async () => {
		const whole = ggufBytes({
			values: llamaValues(),
			tensors: [weights],
			dataBytes: 136,
		});
		await expect(parse(whole)).resolves.toBeDefined();
		await expect(parse(whole.subarray(0, whole.length - 30))).rejects.toThrow(
			`need ${whole.length} bytes, the file has ${whole.length - 30} (30 are missing)`,
		);
	});

	it("says when the header itself is cut off, wherever that is", async () => {
		const whole = ggufBytes({
			values: llamaValues(),
			tensors: [weights],
			dataBytes: 136,
		});
		const headerEnd = whole.length - 136 - 32;
		for (let length = 4; length < headerEnd; length++) {
			await expect(parse(whole.subarray(0, length))).rejects.toMatchObject({
				code: "model_unusable",
			});
		}
	});

	it("refuses absurd counts instead of believing them", async () => {
		await expect(parseFixture({ keyCount: 2n ** 40n })).rejects.toThrow(
			"claims 1099511627776 metadata keys",
		);
		await expect(parseFixture({ tensorCount: 2n ** 63n })).rejects.toThrow(
			"claims a size of 9223372036854775808",
		);
		const longText = ggufBytes({ values: { key: text("x") } });
		longText.writeBigUInt64LE(2n ** 50n, longText.indexOf("key") + 3 + 4);
		await expect(parse(longText)).rejects.toThrow(
			"has a metadata text of 1125899906842624 bytes",
		);
	});

	it("refuses tensors that can't be", async () => {
		await expect(
			parseFixture({ tensors: [{ name: "w", shape: [63], type: 8 }] }),
		).rejects.toThrow("impossible shape 63 for Q8_0");
		await expect(
			parseFixture({ tensors: [{ name: "w", shape: [1], type: 99 }] }),
		).rejects.toThrow("of type 99");
		await expect(
			parseFixture({
				tensors: [{ name: "w", shape: [1, 1, 1, 1, 1], type: 0 }],
			}),
		).rejects.toThrow("of 5 dimensions");
		const huge = 2 ** 40;
		await expect(
			parseFixture({ tensors: [{ name: "w", shape: [huge, huge], type: 0 }] }),
		).rejects.toThrow("impossible shape");
	});

	it("refuses doubled keys and unknown kinds of value", async () => {
		const doubled = ggufBytes({ values: { aa: u32(1), ab: u32(2) } });
		doubled.write("aa", doubled.indexOf("ab"));
		await expect(parse(doubled)).rejects.toThrow(
			'has the metadata key "aa" twice',
		);
		const unknown = ggufBytes({ values: { key: u32(1) } });
		unknown.writeUInt32LE(77, unknown.indexOf("key") + 3);
		await expect(parse(unknown)).rejects.toThrow("unknown type 77");
	});

	it("answers any damage with its own error, quickly", async () => {
		const whole = ggufBytes({
			values: llamaValues({ list: u32s([1, 2]) }),
			tensors: [weights],
			dataBytes: 136,
		});
		await fc.assert(
			fc.asyncProperty(
				fc.array(fc.tuple(fc.nat(whole.length - 137), fc.nat(255)), {
					minLength: 1,
					maxLength: 8,
				}),
				async (changes) => {
					const damaged = Buffer.from(whole);
					for (const [at, value] of changes) damaged[at] = value;
					await parse(damaged).catch((error) =>
						expect(error).toMatchObject({ code: "model_unusable" }),
					);
				},
			),
		);
	});
});

describe("readGgufMetadata", () => {
	let directory: string;
	beforeAll(() => {
		directory = mkdtempSync(join(tmpdir(), "galley-gguf-"));
	});
	afterAll(() => rmSync(directory, { recursive: true }));

	it("reads a file's header and notices that its end is missing", async () => {
		const path = join(directory, "model.gguf");
		writeFileSync(
			path,
			ggufBytes({ values: llamaValues(), tensors: [weights], dataBytes: 136 }),
		);
		expect((await readGgufMetadata(path)).tensors).toHaveLength(1);
		truncateSync(path, 500);
		await expect(readGgufMetadata(path)).rejects.toThrow("cut off");
	});

	it("says when there is no file, or a folder", async () => {
		await expect(
			readGgufMetadata(join(directory, "gone.gguf")),
		).rejects.toMatchObject({ code: "model_not_found" });
		await expect(readGgufMetadata(directory)).rejects.toMatchObject({
			code: "model_unusable",
		});
	});
});
