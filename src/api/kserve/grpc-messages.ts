import { GalleyError } from "../../core/errors.ts";
import { toLittleEndian } from "../encoders/embedding-encoding.ts";
import { checkShape, readBytesTensor, toText } from "./bytes-tensor.ts";
import { checkDatatype } from "./infer-body.ts";
import {
	type Datatype,
	modelVersion,
	type NumberTensor,
	type Parameters,
	type TextTensor,
} from "./inference-model.ts";

/** Messages of docs/protocol/inference.proto as they are decoded: defaults set, 64-bit integers as numbers. */

interface InferParameter {
	parameter_choice?: "bool_param" | "int64_param" | "string_param";
	bool_param?: boolean;
	int64_param?: number;
	string_param?: string;
}

interface InputTensor {
	name: string;
	datatype: string;
	shape: number[];
	contents: { bytes_contents: Buffer[] } | null;
}

export interface ModelInferRequest {
	model_name: string;
	model_version: string;
	id: string;
	parameters: Record<string, InferParameter>;
	inputs: InputTensor[];
	outputs: { name: string }[];
	raw_input_contents: Buffer[];
}

export interface ModelName {
	name: string;
	version: string;
}

export function toParameters(
	parameters: ModelInferRequest["parameters"],
): Parameters {
	return Object.fromEntries(
		Object.entries(parameters).map(([name, value]) => [
			name,
			value.parameter_choice === undefined
				? null
				: value[value.parameter_choice],
		]),
	);
}

export function toTensors({
	inputs,
	raw_input_contents: raw,
}: ModelInferRequest): TextTensor[] {
	if (raw.length > 0 && raw.length !== inputs.length) {
		const message = `'raw_input_contents' has ${raw.length} elements for ${inputs.length} inputs. Send one for each, or none.`;
		throw new GalleyError("invalid_request", message, {
			param: "raw_input_contents",
		});
	}
	return inputs.map(({ name, datatype, shape, contents }, index) => {
		const place = `inputs[${index}]`;
		checkDatatype(datatype, place);
		const bytes = raw[index];
		const texts =
			bytes === undefined
				? (contents?.bytes_contents ?? []).map((element, at) =>
						toText(element, `${place}.data[${at}]`),
					)
				: readBytesTensor(bytes, place);
		checkShape(shape, texts.length, place);
		return { name, shape, texts };
	});
}

/** Where numbers of a type stand in `contents`. */
const contentFields: Readonly<Record<Datatype, string>> = {
	BYTES: "bytes_contents",
	FP32: "fp32_contents",
	INT32: "int_contents",
	INT8: "int_contents",
	UINT8: "uint_contents",
};

/** Answers in the form that the request has: raw bytes to raw bytes, values to values. */
export function toModelInferResponse(
	request: ModelInferRequest,
	outputs: readonly NumberTensor[],
) {
	const isRaw = request.raw_input_contents.length > 0;
	return {
		model_name: request.model_name,
		model_version: modelVersion,
		id: request.id,
		outputs: outputs.map(({ name, datatype, shape, data }) => ({
			name,
			datatype,
			shape: [...shape],
			...(isRaw
				? {}
				: { contents: { [contentFields[datatype]]: Array.from(data) } }),
		})),
		raw_output_contents: isRaw
			? outputs.map(({ data }) => toLittleEndian(data))
			: [],
	};
}
