import type { FastifyReply } from "fastify";
import { toLittleEndian } from "../encoders/embedding-encoding.ts";
import { JsonChunks } from "../encoders/json-chunks.ts";
import { sendChunks } from "../encoders/large-answer.ts";
import type { InferBody } from "./infer-body.ts";
import { modelVersion, type NumberTensor } from "./inference-model.ts";

/** Numbers that are written before a chunk may be handed on. */
const seriesLength = 2048;

interface Head {
	model_name: string;
	model_version: string;
	id?: string;
}

export function sendInferAnswer(
	reply: FastifyReply,
	body: InferBody,
	modelName: string,
	outputs: readonly NumberTensor[],
): FastifyReply {
	const head: Head = {
		model_name: modelName,
		model_version: modelVersion,
		...(typeof body.id === "string" ? { id: body.id } : {}),
	};
	const isBinary = outputs.map(({ name }) => asksForBinary(body, name));
	if (!isBinary.includes(true))
		return sendChunks(reply, writeJson(head, outputs, isBinary, []));
	const binary = outputs.flatMap(({ data }, index) =>
		isBinary[index] === true ? [toLittleEndian(data)] : [],
	);
	const json = [...writeJson(head, outputs, isBinary, binary)];
	const length = json.reduce((sum, chunk) => sum + chunk.length, 0);
	reply.header("inference-header-content-length", String(length));
	return reply
		.type("application/octet-stream")
		.send(Buffer.concat([...json, ...binary]));
}

/** What is said of one output wins over what is said of all. */
function asksForBinary({ parameters, outputs }: InferBody, name: string) {
	const own = outputs?.find((output) => output.name === name)?.parameters;
	return (own?.binary_data ?? parameters?.binary_data_output) === true;
}

function* writeJson(
	head: Head,
	outputs: readonly NumberTensor[],
	isBinary: readonly boolean[],
	binary: readonly Buffer[],
): Generator<Buffer> {
	const chunks = new JsonChunks();
	const sizes = binary.map((bytes) => bytes.length)[Symbol.iterator]();
	chunks.raw(`${JSON.stringify(head).slice(0, -1)},"outputs":[`);
	for (const [index, { name, datatype, shape, data }] of outputs.entries()) {
		const start = index === 0 ? "" : ",";
		const tensor = JSON.stringify({ name, datatype, shape }).slice(0, -1);
		chunks.raw(start + tensor);
		if (isBinary[index] === true) {
			const size = sizes.next().value ?? 0;
			chunks.raw(`,"parameters":{"binary_data_size":${size}}}`);
			continue;
		}
		chunks.raw(',"data":[');
		for (let from = 0; from < data.length; from += seriesLength) {
			if (from > 0) chunks.raw(",");
			chunks.series(data, from, Math.min(data.length, from + seriesLength));
			if (chunks.isFull) yield chunks.take();
		}
		chunks.raw("]}");
	}
	chunks.raw("]}");
	yield chunks.take();
}
