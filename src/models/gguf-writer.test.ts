import {
	existsSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readGgufMetadata } from "./gguf-metadata.ts";
import {
	type GgufTensorPlan,
	type GgufWriterValue,
	writeGguf,
} from "./gguf-writer.ts";

let directory = "";
let path = "";
beforeEach(() => {
	directory = mkdtempSync(join(tmpdir(), "galley-gguf-"));
	path = join(directory, "model.gguf");
});
afterEach(() => rmSync(directory, { recursive: true }));

const plan = (
	name: string,
	bytes: Uint8Array,
	shape = [bytes.length / 4],
): GgufTensorPlan => ({ name, shape, type: "F32", chunks: () => [bytes] });

const text = fc.string({ unit: "grapheme", maxLength: 20 });
const value: fc.Arbitrary<GgufWriterValue> = fc.oneof(
	fc.record({
		type: fc.constant("uint32" as const),
		value: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
	}),
	fc.record({
		type: fc.constant("int64" as const),
		value: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
	}),
	fc.record({
		type: fc.constant("float64" as const),
		value: fc.double({ noNaN: true }),
	}),
	fc.record({ type: fc.constant("bool" as const), value: fc.boolean() }),
	fc.record({ type: fc.constant("string" as const), value: text }),
	fc.record({
		type: fc.constant("array" as const),
		of: fc.constant("string" as const),
		values: fc.array(text),
	}),
	fc.record({
		type: fc.constant("array" as const),
		of: fc.constant("int8" as const),
		values: fc.array(fc.integer({ min: -128, max: 127 })),
	}),
	fc.record({
		type: fc.constant("array" as const),
		of: fc.constant("bool" as const),
		values: fc.array(fc.boolean()),
	}),
);

it("writes what the reader reads, values and weights", async () => {
	await fc.assert(
		fc.asyncProperty(
			fc.dictionary(fc.string({ minLength: 1, maxLength: 12 }), value, {
				maxKeys: 8,
			}),
			fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), {
				maxLength: 4,
			}),
			fc.constantFrom(8, 32, 256),
			async (dictionary, weights, alignment) => {
				const tensors = weights.map((bytes, index) =>
					plan(`t${index}`, Buffer.concat([bytes, bytes, bytes, bytes])),
				);
				const values = new Map(
					Object.entries(dictionary).filter(
						([key]) => key !== "general.alignment",
					),
				);
				const size = await writeGguf({ path, values, tensors, alignment });
				const read = await readGgufMetadata(path);
				expect(read.sizeBytes).toBe(size);
				for (const [key, written] of values) {
					const seen = read.values.get(key);
					if (written.type === "array")
						expect(seen).toEqual({
							length: written.values.length,
							values: written.values,
						});
					else expect(seen).toEqual(written.value);
				}
				const file = readFileSync(path);
				for (const [index, tensor] of read.tensors.entries()) {
					expect(tensor.offset % alignment).toBe(0);
					const start = read.dataOffset + tensor.offset;
					const bytes = weights[index] ?? new Uint8Array();
					expect(
						file
							.subarray(start, start + tensor.sizeBytes)
							.equals(Buffer.concat([bytes, bytes, bytes, bytes])),
					).toBe(true);
				}
			},
		),
		{ numRuns: 40 },
	);
});

it("leaves what was there when a tensor fails, and nothing beside it", async () => {
	writeFileSync(path, "before");
	const tensors: GgufTensorPlan[] = [
		{
			name: "broken",
			shape: [2],
			type: "F32",
			async *chunks() {
				yield new Uint8Array(4);
				throw new Error("the disk is gone");
			},
		},
	];
	await expect(writeGguf({ path, values: new Map(), tensors })).rejects.toThrow(
		"the disk is gone",
	);
	expect(readFileSync(path, "utf8")).toBe("before");
	expect(readdirSync(directory)).toEqual(["model.gguf"]);
});

it.each([4, 12])(
	"refuses a tensor of %d bytes where 8 were planned",
	async (bytes) => {
		const tensors = [plan("wrong", new Uint8Array(bytes), [2])];
		await expect(
			writeGguf({ path, values: new Map(), tensors }),
		).rejects.toThrow(/8 were planned/);
		expect(existsSync(path)).toBe(false);
	},
);

it("stops between two pieces when it is told to", async () => {
	const controller = new AbortController();
	const tensors: GgufTensorPlan[] = [
		{
			name: "long",
			shape: [4],
			type: "F32",
			*chunks() {
				yield new Uint8Array(8);
				controller.abort();
				yield new Uint8Array(8);
			},
		},
	];
	const writing = { path, values: new Map(), tensors };
	await expect(
		writeGguf({ ...writing, signal: controller.signal }),
	).rejects.toThrow(/abort/i);
	expect(readdirSync(directory)).toEqual([]);
});

it("says why a place can't be written", async () => {
	const nowhere = join(directory, "missing", "model.gguf");
	await expect(
		writeGguf({ path: nowhere, values: new Map(), tensors: [] }),
	).rejects.toMatchObject({
		code: "invalid_configuration",
		message: expect.stringContaining("directory isn't there"),
	});
});
