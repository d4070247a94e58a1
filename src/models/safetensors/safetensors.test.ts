import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FloatDecoder } from "./decode-floats.ts";
import { SafetensorsDirectory } from "./safetensors-directory.ts";
import { parseSafetensorsHeader } from "./safetensors-header.ts";
import {
	floatTensor,
	headerBytes,
	safetensorsBytes,
} from "./testing/safetensors-bytes.ts";

let directory = "";
beforeEach(() => {
	directory = mkdtempSync(join(tmpdir(), "galley-safetensors-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const write = (name: string, content: Buffer | string) =>
	writeFileSync(join(directory, name), content);
const open = () => SafetensorsDirectory.open(directory, "model");
const entry = (from: number, end: number, shape = [(end - from) / 4]) => ({
	dtype: "F32",
	shape,
	data_offsets: [from, end],
});

describe("a directory of safetensors", () => {
	it("gives each tensor's bytes, in pieces", async () => {
		const values = floatTensor([3, 5]);
		write(
			"model.safetensors",
			safetensorsBytes({ first: floatTensor([2]), second: values }),
		);
		await using weights = await open();
		const tensor = weights.tensors.get("second");
		if (tensor === undefined) throw new Error("it is gone");
		expect(tensor.shape).toEqual([3, 5]);
		const piece = new Uint8Array(20);
		await tensor.file.read(tensor, 20, piece);
		expect(piece).toEqual(values.bytes.slice(20, 40));
		await expect(tensor.file.read(tensor, 50, piece)).rejects.toThrow(
			RangeError,
		);
	});

	it("joins the shards that the index names", async () => {
		write("a.safetensors", safetensorsBytes({ x: floatTensor([1]) }));
		write("b.safetensors", safetensorsBytes({ y: floatTensor([1]) }));
		write(
			"model.safetensors.index.json",
			JSON.stringify({
				weight_map: { x: "a.safetensors", y: "b.safetensors" },
			}),
		);
		await using weights = await open();
		expect([...weights.tensors.keys()].sort()).toEqual(["x", "y"]);
	});

	it.each([
		"../a.safetensors",
		"/etc/a.safetensors",
		"x/a.safetensors",
		"..safetensors",
		"a.bin",
	])("follows no index to %s", async (name) => {
		write(
			"model.safetensors.index.json",
			JSON.stringify({ weight_map: { x: name } }),
		);
		await expect(open()).rejects.toMatchObject({ code: "model_unusable" });
	});

	it("refuses a tensor that two shards hold", async () => {
		write("a.safetensors", safetensorsBytes({ x: floatTensor([1]) }));
		write("b.safetensors", safetensorsBytes({ x: floatTensor([1]) }));
		write(
			"model.safetensors.index.json",
			JSON.stringify({
				weight_map: { x: "a.safetensors", y: "b.safetensors" },
			}),
		);
		await expect(open()).rejects.toThrow(/holds "x", and so does/);
	});

	it("refuses pickle files and says how to convert them", async () => {
		write("pytorch_model.bin", "anything");
		await expect(open()).rejects.toThrow(
			/pickle file \("pytorch_model.bin"\).*Convert to safetensors/,
		);
	});

	it("says what is missing", async () => {
		await expect(open()).rejects.toMatchObject({ code: "model_not_found" });
	});
});

describe("a header", () => {
	const parse = (header: unknown, fileBytes = 1000) => {
		const json = headerBytes(header).subarray(8);
		return parseSafetensorsHeader(json, 100, fileBytes, "x.safetensors");
	};

	it.each<[string, unknown, RegExp]>([
		["overlapping tensors", { a: entry(0, 8), b: entry(4, 12) }, /overlap/],
		["a tensor behind the end", { a: entry(0, 4000) }, /cut off/],
		["a length that isn't the shape's", { a: entry(0, 8, [3]) }, /needs 12/],
		["offsets the wrong way round", { a: entry(8, 0, [2]) }, /damaged/],
		["negative sizes", { a: entry(0, 8, [-2]) }, /damaged/],
		[
			"a shape too large for a number",
			{ a: entry(0, 8, [2 ** 40, 2 ** 40]) },
			/damaged/,
		],
		[
			"a type that nobody knows",
			{ a: { dtype: "X9", shape: [1], data_offsets: [0, 4] } },
			/type "X9"/,
		],
		[
			"a type named like a method",
			{ a: { dtype: "toString", shape: [1], data_offsets: [0, 4] } },
			/type "toString"/,
		],
		["no object", [1], /no object/],
		["a text for a tensor", { a: "b" }, /damaged/],
	])("with %s is refused", (_, header, message) => {
		expect(() => parse(header)).toThrow(message);
	});

	it("never throws anything but a GalleyError, whatever the bytes are", () => {
		fc.assert(
			fc.property(fc.jsonValue(), (header) => {
				try {
					parse(header);
				} catch (error) {
					expect(error).toMatchObject({ code: "model_unusable" });
				}
			}),
		);
	});

	it("longer than its file is refused", async () => {
		const length = Buffer.alloc(16);
		length.writeBigUInt64LE(90_000n);
		write("model.safetensors", length);
		await expect(open()).rejects.toThrow(/cut off inside its header/);
		length.writeBigUInt64LE(2n ** 60n);
		write("model.safetensors", length);
		await expect(open()).rejects.toThrow(/no safetensors file/);
	});
});

describe("decoded floats", () => {
	const decode = (
		type: Parameters<FloatDecoder["decode"]>[1],
		bytes: number[],
	) => {
		const target = new Float32Array(8);
		const count = new FloatDecoder().decode(
			Uint8Array.from(bytes),
			type,
			target,
		);
		return [...target.subarray(0, count)];
	};

	it.each<[Parameters<FloatDecoder["decode"]>[1], number[], number[]]>([
		["F32", [0, 0, 128, 63], [1]],
		["F16", [0, 60, 1, 0, 0, 252], [1, 2 ** -24, Number.NEGATIVE_INFINITY]],
		["BF16", [128, 63, 0, 192], [1, -2]],
		["F64", [0, 0, 0, 0, 0, 0, 240, 63], [1]],
		["F8_E4M3", [0x38, 0x7e, 0x81], [1, 448, -(2 ** -9)]],
		["F8_E5M2", [0x3c, 0x7b], [1, 57_344]],
		["I8", [255, 3], [-1, 3]],
		["U8", [255], [255]],
		["I64", [254, 255, 255, 255, 255, 255, 255, 255], [-2]],
	])("of %s are their values", (type, bytes, values) => {
		expect(decode(type, bytes)).toEqual(values);
	});
});
