import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { GalleyError } from "../../core/errors.ts";
import { parseJsonBody } from "../json-body.ts";
import { checkShape, readBytesTensor } from "./bytes-tensor.ts";
import type { TextTensor } from "./inference-model.ts";

const parameters = z.record(z.string(), z.unknown()).nullish();

const inputTensor = z.strictObject({
	name: z.string(),
	shape: z.array(z.int().min(0)).min(1).max(8),
	datatype: z.string(),
	parameters,
	data: z
		.custom<unknown>()
		.optional()
		.describe(
			"Strings, in one array or nested as the shape; or left out, with 'binary_data_size' among the parameters.",
		),
});

export const inferBody = z
	.strictObject({
		id: z.string().nullish(),
		parameters,
		inputs: z.array(inputTensor).min(1).max(16),
		outputs: z
			.array(z.strictObject({ name: z.string(), parameters }))
			.max(16)
			.nullish(),
	})
	.meta({ title: "InferRequest" });

export type InferBody = z.output<typeof inferBody>;

/** Of the JSON before binary data. */
const jsonLengthHeader = "inference-header-content-length";

/**
 * Bodies of this protocol: JSON, which may be followed by the tensors' bytes. Whatever content type they go by; Triton's own
 * client names none.
 */
export function registerInferBody(
	app: FastifyInstance,
	options: { maxJsonDepth: number },
): void {
	app.removeAllContentTypeParsers();
	app.addContentTypeParser(
		"*",
		{ parseAs: "buffer" },
		(request, body, done) => {
			try {
				done(null, parseInferBody(request, body as Buffer, options));
			} catch (thrown) {
				done(thrown as Error);
			}
		},
	);
}

function parseInferBody(
	{ headers }: FastifyRequest,
	body: Buffer,
	{ maxJsonDepth }: { maxJsonDepth: number },
): unknown {
	const encoding = headers["content-encoding"];
	if (encoding !== undefined && encoding !== "identity") {
		const message = `Send the body uncompressed: content encoding '${encoding.slice(0, 40)}' is not supported.`;
		throw new GalleyError("unsupported_media_type", message);
	}
	const given = headers[jsonLengthHeader];
	if (given === undefined) return parseJsonBody(body, maxJsonDepth);
	const length = Number(given);
	if (!Number.isInteger(length) || length < 0 || length > body.length) {
		const message = `The header 'Inference-Header-Content-Length' must be the length of the JSON, at most the body's ${body.length} bytes.`;
		throw new GalleyError("invalid_request", message);
	}
	const value = parseJsonBody(body.subarray(0, length), maxJsonDepth);
	placeBinaryData(value, body.subarray(length));
	return value;
}

/** Gives each tensor that was sent as bytes its own; the schema then looks at the whole. */
function placeBinaryData(value: unknown, binary: Buffer): void {
	if (typeof value !== "object" || value === null || !("inputs" in value))
		return;
	if (!Array.isArray(value.inputs)) return;
	let at = 0;
	for (const [index, input] of value.inputs.entries()) {
		const size: unknown = input?.parameters?.binary_data_size;
		if (size === undefined) continue;
		const place = `inputs[${index}].parameters.binary_data_size`;
		if (!Number.isInteger(size) || (size as number) < 0)
			throw fault(`'${place}' must be a whole number of bytes.`, place);
		const end = at + (size as number);
		if (end > binary.length)
			throw fault(
				`'${place}' is ${String(size)}, but only ${binary.length - at} bytes are left behind the JSON.`,
				place,
			);
		input.data = binary.subarray(at, end);
		at = end;
	}
	if (at !== binary.length)
		throw fault(
			`${binary.length - at} bytes behind the JSON belong to no tensor: give each its 'binary_data_size'.`,
			"inputs",
		);
}

export function toTextTensors({ inputs }: InferBody): TextTensor[] {
	return inputs.map(({ name, shape, datatype, data }, index) => {
		const place = `inputs[${index}]`;
		checkDatatype(datatype, place);
		const texts = Buffer.isBuffer(data)
			? readBytesTensor(data, place)
			: flatten(data, place);
		checkShape(shape, texts.length, place);
		return { name, shape, texts };
	});
}

export function checkDatatype(datatype: string, place: string): void {
	if (datatype === "BYTES") return;
	const message = `'${place}' has the type '${datatype.slice(0, 40)}', but this model reads texts: send BYTES.`;
	throw fault(message, place);
}

function flatten(data: unknown, place: string): string[] {
	if (!Array.isArray(data))
		throw fault(`'${place}.data' must be an array of strings.`, place);
	return data.flat(7).map((item: unknown, index) => {
		if (typeof item === "string") return item;
		throw fault(
			`'${place}.data[${index}]' must be a string.`,
			`${place}.data[${index}]`,
		);
	});
}

function fault(message: string, param: string): GalleyError {
	return new GalleyError("invalid_request", message, { param });
}
