import type { EngineOptions, KvType } from "../../src/engine/engine.ts";
import { resolveLayout } from "../../src/engine/engine-limits.ts";
import {
	computeBytes,
	kvBytesPerToken,
	logitBytes,
	recurrentBytes,
	workBytes,
} from "../../src/models/memory-need.ts";
import type { ModelDescription } from "../../src/models/model-description.ts";
import type { Precision, ShapeName } from "../random-model/shapes.ts";

export interface MemoryCase {
	shape: ShapeName;
	precision: Precision;
	contextLength: number;
	maxSequences: number;
	kvLayout: "unified" | "streams";
	kvType: KvType;
	flashAttention: "auto" | "off";
	/** False reads the weights into memory of the process. */
	memoryMap?: boolean;
}

const usual = {
	precision: "q8_0",
	contextLength: 1024,
	maxSequences: 4,
	kvLayout: "streams",
	kvType: "f16",
	flashAttention: "auto",
} as const;

const kv = (shape: ShapeName): MemoryCase[] => [
	{ ...usual, shape },
	{ ...usual, shape, kvLayout: "unified" },
	// Contexts that few batches fill: only then is all touched that attention without flash attention reserves.
	{ ...usual, shape, maxSequences: 2, flashAttention: "off" },
	{
		...usual,
		shape,
		contextLength: 512,
		kvLayout: "unified",
		flashAttention: "off",
	},
];

/** Small enough for a test. */
export const smallCases: readonly MemoryCase[] = [
	...kv("tiny"),
	{ ...usual, shape: "tiny", contextLength: 2048, maxSequences: 8 },
	{ ...usual, shape: "tiny", kvType: "f32" },
	{ ...usual, shape: "tiny", precision: "q4_k_m" },
	{ ...usual, shape: "tiny", precision: "f16" },
];

export const largeCases: readonly MemoryCase[] = [
	...kv("135m"),
	{ ...usual, shape: "135m", kvType: "q8_0" },
	{ ...usual, shape: "135m", contextLength: 8192, maxSequences: 1 },
	{ ...usual, shape: "135m", contextLength: 256, maxSequences: 32 },
	{ ...usual, shape: "135m", memoryMap: false },
	{ ...usual, shape: "0.5b", precision: "q4_k_m" },
	{ ...usual, shape: "0.5b", precision: "q4_k_m", memoryMap: false },
	{
		...usual,
		shape: "0.5b",
		precision: "q4_k_m",
		kvLayout: "unified",
		contextLength: 4096,
	},
];

const microBatchTokens = 512;
/** As in a profile: a row a sequence and some more. */
const extraLogitRows = 56;

export function toEngineOptions(
	modelPath: string,
	memory: MemoryCase,
	threads: number,
): EngineOptions {
	const { contextLength, maxSequences, kvLayout, kvType, flashAttention } =
		memory;
	return {
		modelPath,
		contextLength,
		maxSequences,
		kvCells: contextLength * maxSequences,
		kvLayout,
		kvTypeK: kvType,
		kvTypeV: kvType,
		maxBatchTokens: microBatchTokens,
		microBatchTokens,
		threads,
		threadsBatch: threads,
		flashAttention,
		gpuLayers: 0,
		memoryMap: memory.memoryMap ?? true,
		memoryLock: false,
	};
}

export function logitRowsOf({ maxSequences }: MemoryCase): number {
	return maxSequences + extraLogitRows;
}

export interface Foretold {
	weightBytes: number;
	kvBytes: number;
	/** With so many rows of logits. */
	computeBytes(logitRows: number): number;
	logitBytes: number;
	/** What computing takes beside the library's buffers. */
	workBytes: number;
}

/** The parts that profiles are reckoned from, for exactly these options. */
export function foretell(
	model: ModelDescription,
	options: EngineOptions,
): Foretold {
	const { kvCells, contextLength, maxSequences, flashAttention } = options;
	const cellsAttended =
		resolveLayout(options) === "unified" ? kvCells : contextLength;
	const shape = {
		microBatchTokens: options.microBatchTokens,
		cellsAttended,
		flashAttention: flashAttention !== "off",
	};
	return {
		weightBytes: model.weightBytes,
		kvBytes:
			kvCells * kvBytesPerToken(model, options.kvTypeK, options.kvTypeV) +
			recurrentBytes(model, maxSequences),
		computeBytes: (logitRows) => computeBytes(model, { ...shape, logitRows }),
		workBytes: workBytes(model, shape),
		logitBytes: logitBytes(model, maxSequences + extraLogitRows),
	};
}
