import type { NativeLogLine } from "./log.ts";
import type { FallbackTensor, QuantizePlan } from "./quantizer-protocol.ts";

/**
 * What `llama_model_quantize` says of its work, which it tells in its log only. A dry run of llama.cpp v0.5.0 writes:
 *
 *     warning: blk.0.attn_q.weight  - ncols    576 not divisible by 256 (required for type    q4_K)
 *     -> falling back to    q5_0
 *     [   1/ 290] blk.0.attn_q.weight  - [  576,   576,     1,     1], type =   q8_0,
 *     size =     0.35 MiB ->     0.24 MiB (q5_0)
 */

const tensorLine =
	/^\[\s*(\d+)\/\s*(\d+)\]\s+(\S+)\s+-\s+\[([\d,\s]+)\],\s+type\s*=\s*(\w+)/;
const convertedLine = /->\s*[\d.]+ MiB \((\w+)\)/;
const mismatchLine = /^warning: (\S+)\s+- ncols .*required for type\s+(\w+)\)/;
const fallbackLine = /falling back to\s+(\w+)/;
const unquantized: ReadonlySet<string> = new Set(["f32", "f16", "bf16"]);

/** The log says sizes in MiB with few digits, so they are computed from shapes. Types it doesn't know count as 4 bytes. */
const bitsOfType: Readonly<Record<string, number>> = {
	f32: 32,
	f16: 16,
	bf16: 16,
	q8_0: 8.5,
	q6_K: 6.5625,
	q5_K: 5.5,
	q5_0: 5.5,
	q5_1: 6,
	q4_K: 4.5,
	q4_0: 4.5,
	q4_1: 5,
	iq4_nl: 4.5,
	iq4_xs: 4.25,
	q3_K: 3.4375,
	iq3_s: 3.4375,
	iq3_xxs: 3.0625,
	q2_K: 2.625,
};

export function readQuantizePlan(
	lines: readonly NativeLogLine[],
): QuantizePlan {
	const fallbacks: FallbackTensor[] = [];
	let mismatch: { name: string; wanted: string } | null = null;
	let current: { elements: number; type: string } | null = null;
	let convertedTensors = 0;
	let requantizedTensors = 0;
	let sourceBytes = 0;
	let resultBytes = 0;
	let tensors = 0;
	const bytes = (elements: number, type: string) =>
		Math.ceil((elements * (bitsOfType[type] ?? 32)) / 8);
	for (const { text } of lines) {
		const missed = mismatchLine.exec(text);
		if (missed !== null)
			mismatch = { name: missed[1] ?? "", wanted: missed[2] ?? "" };
		const fallen = fallbackLine.exec(text);
		if (fallen !== null && mismatch !== null) {
			fallbacks.push({ ...mismatch, got: fallen[1] ?? "" });
			mismatch = null;
		}
		const tensor = tensorLine.exec(text);
		if (tensor !== null) {
			const elements = (tensor[4] ?? "")
				.split(",")
				.reduce((product, size) => product * Number(size), 1);
			current = { elements, type: tensor[5] ?? "" };
			tensors = Number(tensor[2]);
			sourceBytes += bytes(elements, current.type);
		}
		if (current === null || !text.includes("size =")) continue;
		const target = convertedLine.exec(text)?.[1];
		resultBytes += bytes(current.elements, target ?? current.type);
		if (target !== undefined) {
			convertedTensors++;
			if (!unquantized.has(current.type)) requantizedTensors++;
		}
		current = null;
	}
	return {
		tensors,
		convertedTensors,
		requantizedTensors,
		sourceBytes,
		resultBytes,
		fallbacks,
	};
}

/** Tensors that are written, from the last line that counts them; null when there is none. */
export function readQuantizeProgress(
	lines: readonly NativeLogLine[],
	from: number,
): { tensorsDone: number; tensors: number } | null {
	for (let index = lines.length - 1; index >= from; index--) {
		const match = tensorLine.exec(lines[index]?.text ?? "");
		if (match !== null)
			return { tensorsDone: Number(match[1]) - 1, tensors: Number(match[2]) };
	}
	return null;
}
