import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRandomSource } from "../../src/benchmark/random-source.ts";
import { blockTypes, createBlockPool, toHalf } from "./blocks.ts";
import { alignment } from "./gguf.ts";
import { writeRandomModel } from "./random-model.ts";
import { precisions, shapes } from "./shapes.ts";
import {
	listTensors,
	matrixType,
	tensorBytes,
	usesMoreBits,
} from "./tensors.ts";
import { buildTokenizer, byteCharacters, specialTokens } from "./tokenizer.ts";

function fromHalf(bits: number): number {
	const exponent = (bits >> 10) & 31;
	const mantissa = bits & 1023;
	const size =
		exponent === 0
			? mantissa * 2 ** -24
			: (1 + mantissa / 1024) * 2 ** (exponent - 15);
	return bits & 0x8000 ? -size : size;
}

describe("blocks", () => {
	test("a half is the nearest one there is", () => {
		fc.assert(
			fc.property(
				fc.double({ min: -60_000, max: 60_000, noNaN: true }),
				(value) => {
					const error = Math.abs(fromHalf(toHalf(value)) - value);
					expect(error).toBeLessThanOrEqual(
						Math.max(2 ** -25, Math.abs(value) * 2 ** -11),
					);
				},
			),
		);
		expect(fromHalf(toHalf(1e9))).toBe(65_504);
	});

	/** The dequantised weights of one block, from llama.cpp's description of the layouts. */
	const dequantise: Record<string, (block: DataView) => number[]> = {
		Q8_0: (block) =>
			Array.from(
				{ length: 32 },
				(_, index) =>
					fromHalf(block.getUint16(0, true)) * block.getInt8(2 + index),
			),
		Q5_0: (block) =>
			Array.from({ length: 32 }, (_, index) => {
				const nibble =
					(block.getUint8(6 + (index % 16)) >> (index < 16 ? 0 : 4)) & 15;
				const fifth = (block.getUint32(2, true) >>> index) & 1;
				return (
					fromHalf(block.getUint16(0, true)) * ((nibble | (fifth << 4)) - 16)
				);
			}),
		Q4_K: (block) =>
			Array.from({ length: 256 }, (_, index) => {
				const part = Math.floor(index / 32);
				const byte = (at: number) => block.getUint8(4 + at);
				const scale =
					part < 4
						? byte(part) & 63
						: (byte(part + 4) & 15) | ((byte(part - 4) >> 6) << 4);
				const least =
					part < 4
						? byte(part + 4) & 63
						: (byte(part + 4) >> 4) | ((byte(part) >> 6) << 4);
				const packed = block.getUint8(
					16 + Math.floor(index / 64) * 32 + (index % 32),
				);
				const q = part % 2 === 0 ? packed & 15 : packed >> 4;
				return (
					fromHalf(block.getUint16(0, true)) * scale * q -
					fromHalf(block.getUint16(2, true)) * least
				);
			}),
		Q6_K: (block) =>
			Array.from({ length: 256 }, (_, index) => {
				const half = Math.floor(index / 128);
				const within = index % 128;
				const quarter = Math.floor(within / 32);
				const low =
					block.getUint8(64 * half + (within % 64)) >> (quarter < 2 ? 0 : 4);
				const high =
					block.getUint8(128 + 32 * half + (within % 32)) >> (2 * quarter);
				const q = ((low & 15) | ((high & 3) << 4)) - 32;
				return (
					fromHalf(block.getUint16(208, true)) *
					block.getInt8(192 + Math.floor(index / 16)) *
					q
				);
			}),
		F16: (block) => [fromHalf(block.getUint16(0, true))],
	};

	test.each(Object.keys(dequantise))(
		"%s weights have a mean near 0 and the deviation asked for",
		(name) => {
			const type = Object.values(blockTypes).find(
				(candidate) => candidate.name === name,
			);
			if (type === undefined) throw new Error(name);
			const pool = createBlockPool(
				type,
				0.04,
				createRandomSource(1).nextUint32,
				100_000,
			);
			const weights: number[] = [];
			for (let at = 0; at < pool.length; at += type.bytes) {
				weights.push(
					...(dequantise[name]?.(new DataView(pool.buffer, at, type.bytes)) ??
						[]),
				);
			}
			const mean =
				weights.reduce((sum, weight) => sum + weight, 0) / weights.length;
			const deviation = Math.sqrt(
				weights.reduce((sum, weight) => sum + (weight - mean) ** 2, 0) /
					weights.length,
			);
			// Q5_0 and Q6_K reach one step further down than up.
			expect(Math.abs(mean)).toBeLessThan(0.003);
			expect(deviation / 0.04).toBeGreaterThan(0.95);
			expect(deviation / 0.04).toBeLessThan(1.06);
		},
	);
});

describe("tensor types", () => {
	test("Q4_K_M gives more bits to the first and last eighth of layers and every third between", () => {
		const layers = Array.from({ length: 24 }, (_, layer) => layer).filter(
			(layer) => usesMoreBits(layer, 24),
		);
		expect(layers).toEqual([0, 1, 2, 5, 8, 11, 14, 17, 20, 21, 22, 23]);
	});

	test("rows that K-quants can't take fall back as llama.cpp does", () => {
		const typeOf = (
			role: "embedding" | "value" | "down" | "other",
			rowLength: number,
			layer = 4,
		) => matrixType("q4_k_m", role, rowLength, layer, 24).name;
		expect([
			typeOf("other", 1024),
			typeOf("value", 1024, 0),
			typeOf("down", 1024, 0),
			typeOf("down", 1024),
		]).toEqual(["Q4_K", "Q6_K", "Q6_K", "Q4_K"]);
		expect([
			typeOf("other", 896),
			typeOf("value", 896, 0),
			typeOf("embedding", 896),
		]).toEqual(["Q5_0", "Q8_0", "Q8_0"]);
		expect([typeOf("other", 80), typeOf("embedding", 1024)]).toEqual([
			"F16",
			"Q6_K",
		]);
	});

	test("every tensor of every shape and precision is whole blocks", () => {
		for (const shape of Object.values(shapes)) {
			for (const precision of precisions) {
				for (const tensor of listTensors(shape, precision))
					expect((tensor.dimensions[0] ?? 0) % tensor.type.elements).toBe(0);
			}
		}
	});
});

describe("tokenizer", () => {
	const tokenizer = buildTokenizer(49_152, 1);

	test("tokens are distinct, and each merge makes the token at its place from two that exist", () => {
		const { tokens, merges, firstMergedToken } = tokenizer;
		expect(tokens).toHaveLength(49_152);
		expect(new Set(tokens).size).toBe(tokens.length);
		expect(merges.length).toBe(tokens.length - firstMergedToken);
		const known = new Set(tokens.slice(0, firstMergedToken));
		const wrong = merges.filter((merge, rank) => {
			const [left = "", right = ""] = merge.split(" ");
			const made = left + right;
			const isRight =
				known.has(left) &&
				known.has(right) &&
				tokens[firstMergedToken + rank] === made;
			known.add(made);
			return !isRight;
		});
		expect(wrong).toEqual([]);
	});

	test("ordinary text takes a token for 3 to 4 characters and comes back whole", () => {
		const text =
			"The history of the village is told in the letters that people have left. In spring the farmers opened the " +
			"old station, and a young doctor from the city came to live near the river; nobody expected him to stay.";
		const ids = tokenizer.encode(text);
		expect(text.length / ids.length).toBeGreaterThan(3);
		const bytes = new Map(
			byteCharacters().map((character, byte) => [character, byte]),
		);
		const decoded = Buffer.from(
			ids.flatMap((id) =>
				Array.from(
					tokenizer.tokens[id] ?? "",
					(character) => bytes.get(character) ?? 0,
				),
			),
		);
		expect(decoded.toString("utf8")).toBe(text);
	});

	test("any text can be encoded: every byte has a token", () => {
		fc.assert(
			fc.property(fc.string({ unit: "binary" }), (text) => {
				expect(
					tokenizer.encode(text).filter((id) => id < specialTokens.length),
				).toEqual([]);
			}),
		);
	});
});

describe("file", () => {
	let folder: string;
	beforeAll(() => {
		folder = mkdtempSync(join(tmpdir(), "galley-random-model-"));
	});
	afterAll(() => rmSync(folder, { recursive: true }));

	test.each(precisions)(
		"a tiny %s model has its tensors where its header says and is the same for the same seed",
		(precision) => {
			const path = join(folder, "model.gguf");
			writeRandomModel({ shape: shapes.tiny, precision, path });
			const first = readFileSync(path);
			writeRandomModel({ shape: shapes.tiny, precision, path });
			expect(readFileSync(path).equals(first)).toBe(true);
			expect(readdirSync(folder)).toEqual(["model.gguf"]);

			expect(first.toString("latin1", 0, 4)).toBe("GGUF");
			expect(first.readUInt32LE(4)).toBe(3);
			const tensors = listTensors(shapes.tiny, precision);
			expect(first.readBigUInt64LE(8)).toBe(BigInt(tensors.length));
			const dataBytes = tensors.reduce(
				(sum, tensor) =>
					sum + Math.ceil(tensorBytes(tensor) / alignment) * alignment,
				0,
			);
			expect((first.length - dataBytes) % alignment).toBe(0);
			// The last tensor but its padding: norms around 1.
			const norm = first.readFloatLE(first.length - shapes.tiny.width * 4);
			expect(norm).toBeGreaterThan(0.8);
			expect(norm).toBeLessThan(1.2);
		},
	);
});
