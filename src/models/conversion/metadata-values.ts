import type { GgufWriterValue } from "../gguf-writer.ts";

export const uint32 = (value: number): GgufWriterValue => ({
	type: "uint32",
	value,
});
export const float32 = (value: number): GgufWriterValue => ({
	type: "float32",
	value,
});
export const flag = (value: boolean): GgufWriterValue => ({
	type: "bool",
	value,
});
export const text = (value: string): GgufWriterValue => ({
	type: "string",
	value,
});
export const texts = (values: readonly string[]): GgufWriterValue => ({
	type: "array",
	of: "string",
	values,
});
export const flags = (values: readonly boolean[]): GgufWriterValue => ({
	type: "array",
	of: "bool",
	values,
});
export const floats = (values: readonly number[]): GgufWriterValue => ({
	type: "array",
	of: "float32",
	values,
});
export const integers = (values: readonly number[]): GgufWriterValue => ({
	type: "array",
	of: "int32",
	values,
});
