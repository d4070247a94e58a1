import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { FloatDecoder } from "../safetensors/decode-floats.ts";
import { SafetensorsDirectory } from "../safetensors/safetensors-directory.ts";
import {
	floatTensor,
	safetensorsBytes,
	type TensorFixture,
} from "../safetensors/testing/safetensors-bytes.ts";
import type { TensorEncoding } from "./encode-tensor.ts";
import {
	interleaveHalves,
	streamWeights,
	unchanged,
	type WeightChange,
} from "./weight-stream.ts";

let directory = "";
beforeEach(() => {
	directory = mkdtempSync(join(tmpdir(), "galley-weights-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

async function stream(
	tensor: TensorFixture,
	encoding: TensorEncoding,
	change: WeightChange,
): Promise<Uint8Array[]> {
	writeFileSync(
		join(directory, "model.safetensors"),
		safetensorsBytes({ x: tensor }),
	);
	await using weights = await SafetensorsDirectory.open(directory, "model");
	const stored = weights.tensors.get("x");
	if (stored === undefined) throw new Error("it is gone");
	const decoder = new FloatDecoder();
	const chunks: Uint8Array[] = [];
	for await (const chunk of streamWeights(stored, encoding, change, decoder))
		chunks.push(chunk);
	return chunks;
}

it("interleaves the two halves of each head's rows", () => {
	const rows = Float32Array.from({ length: 8 * 2 }, (_, index) => index >> 1);
	const result = interleaveHalves(rows, 4, 2);
	expect([...result].filter((_, index) => index % 2 === 0)).toEqual([
		0, 2, 1, 3, 4, 6, 5, 7,
	]);
});

it("keeps a few MiB in memory, however large the tensor", async () => {
	const rowLength = 1024;
	const tensor = floatTensor([6 * 1024, rowLength], (index) => index % 97);
	const change = { ...unchanged, interleavedHeads: 48 };
	const chunks = await stream(tensor, "F32", change);
	expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThanOrEqual(
		4 * 1024 * 1024,
	);
	// In pieces it is what it is in one.
	const whole = interleaveHalves(
		new Float32Array(tensor.bytes.buffer),
		128,
		rowLength,
	);
	expect(Buffer.concat(chunks).equals(Buffer.from(whole.buffer))).toBe(true);
});

it("copies what needs no change byte by byte", async () => {
	const tensor = floatTensor([3, 4]);
	// A NaN with a payload survives only a copy of bytes.
	tensor.bytes.set([1, 2, 192, 127], 0);
	const chunks = await stream(tensor, "F32", unchanged);
	expect(Buffer.concat(chunks).equals(Buffer.from(tensor.bytes))).toBe(true);
});

it("adds and multiplies before it encodes", async () => {
	const tensor = floatTensor([4], (index) => index);
	const chunks = await stream(tensor, "F32", {
		...unchanged,
		addend: 1,
		factor: 2,
	});
	const bytes = Uint8Array.from(Buffer.concat(chunks));
	expect([...new Float32Array(bytes.buffer)]).toEqual([1, 3, 5, 7]);
});
