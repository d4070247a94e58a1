import { GalleyError } from "../../core/errors.ts";
import type { ServedModel } from "../api-context.ts";
import type { EncodingCall } from "../encoders/encoding-call.ts";

/** The open inference protocol (KServe v2): a model as tensors in and tensors out, for REST and gRPC alike. */

export interface TensorDescription {
	name: string;
	datatype: Datatype;
	/** -1 where the request decides. */
	shape: readonly number[];
}

export type Datatype = "BYTES" | "FP32" | "INT32" | "INT8" | "UINT8";

/** Models here read text: a BYTES tensor, flattened. */
export interface TextTensor {
	name: string;
	shape: readonly number[];
	texts: readonly string[];
}

export interface NumberTensor {
	name: string;
	datatype: Datatype;
	shape: readonly number[];
	data: Float32Array | Int32Array | Int8Array | Uint8Array;
}

export type Parameters = Readonly<Record<string, unknown>>;

export interface Inference {
	/** As the request has it: it may tell the kind of input. */
	modelName: string;
	inputs: readonly TextTensor[];
	parameters: Parameters;
}

export interface InferenceModel {
	readonly inputs: readonly TensorDescription[];
	readonly outputs: readonly TensorDescription[];
	/** Names besides the model's id that it answers to. */
	readonly aliases: readonly string[];
	/** All outputs. An input at fault is named as `inputs[0].data[3]`. */
	infer(
		inference: Inference,
		call: EncodingCall,
	): Promise<readonly NumberTensor[]>;
}

/** There is one version of a model. */
export const modelVersion = "1";

/** NIM's name of a model in this protocol: lower case, with underscores for all that is no letter or digit. */
export function toProtocolName(id: string): string {
	return id.toLowerCase().replace(/[^a-z0-9]/g, "_");
}

export function checkModel(
	service: ServedModel,
	{ aliases }: InferenceModel,
	name: string,
	version: string,
): void {
	const { id } = service.model;
	if (![id, toProtocolName(id), ...aliases].includes(name)) {
		const message = `There is no model '${name.slice(0, 200)}' here. Ask for '${id}'.`;
		throw new GalleyError("model_not_found", message, { param: "model_name" });
	}
	if (version === "" || version === modelVersion) return;
	const message = `There is no version '${version.slice(0, 40)}' of this model. Leave it out, or ask for '${modelVersion}'.`;
	throw new GalleyError("model_not_found", message, { param: "model_version" });
}

const platforms: Readonly<Record<string, string>> = {
	onnx: "onnxruntime_onnx",
	llama: "llama_gguf",
};

export function describeModel(service: ServedModel, model: InferenceModel) {
	const [engine = ""] = service.facts.profile.name.split("-");
	return {
		name: service.model.id,
		versions: [modelVersion],
		platform: platforms[engine] ?? `galley_${engine || "engine"}`,
		inputs: model.inputs.map(toPlain),
		outputs: model.outputs.map(toPlain),
	};
}

function toPlain({ name, datatype, shape }: TensorDescription) {
	return { name, datatype, shape: [...shape] };
}

export function describeServer(version: string) {
	return { name: "galley", version, extensions: ["binary_tensor_data"] };
}

/** The outputs that a request names, in its order; all where it names none. */
export function chooseOutputs(
	outputs: readonly NumberTensor[],
	names: readonly string[],
): NumberTensor[] {
	if (names.length === 0) return [...outputs];
	return names.map((name, index) => {
		const found = outputs.find((output) => output.name === name);
		if (found !== undefined) return found;
		const param = `outputs[${index}]`;
		const known = outputs.map((output) => `'${output.name}'`).join(", ");
		const message = `'${param}': this model has no output '${name.slice(0, 100)}', only ${known}.`;
		throw new GalleyError("invalid_request", message, { param });
	});
}

/** The tensor of that name, with its place in the request. */
export function requireInput(
	inputs: readonly TextTensor[],
	name: string,
): { tensor: TextTensor; place: string } {
	const index = inputs.findIndex((input) => input.name === name);
	const tensor = inputs[index];
	if (tensor === undefined) {
		const sent = inputs.map((input) => `'${input.name.slice(0, 100)}'`);
		const message = `The input '${name}' is missing: send it as a tensor of type BYTES. ${sent.length === 0 ? "No tensor was sent." : `Sent: ${sent.join(", ")}.`}`;
		throw new GalleyError("invalid_request", message, { param: "inputs" });
	}
	return { tensor, place: `inputs[${index}]` };
}

/** A parameter in one of the given words, in either case: NIM's own clients write them in small letters. */
export function wordParameter<Word extends string>(
	parameters: Parameters,
	name: string,
	words: readonly Word[],
): Word | null {
	const given = parameters[name];
	if (given === undefined || given === null) return null;
	const word = words.find(
		(one) => one.toLowerCase() === String(given).toLowerCase(),
	);
	if (word !== undefined) return word;
	const message = `The parameter '${name}' must be ${words.map((one) => `'${one}'`).join(" or ")}.`;
	throw new GalleyError("invalid_request", message, { param: name });
}

/** Refuses parameters that nothing reads. */
export function checkParameters(
	parameters: Parameters,
	known: readonly string[],
): void {
	const unknown = Object.keys(parameters).find((name) => !known.includes(name));
	if (unknown === undefined) return;
	const message = `Unknown parameter '${unknown.slice(0, 100)}'. This model knows ${known.map((name) => `'${name}'`).join(", ")}.`;
	throw new GalleyError("invalid_request", message, {
		param: unknown.slice(0, 100),
	});
}
