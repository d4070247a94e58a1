import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { EncoderContext } from "../encoders/encoder-context.ts";
import { toEncodingCall } from "../encoders/encoding-call.ts";
import { requireReady } from "../require-ready.ts";
import { describeRoute } from "../route-schema.ts";
import { sendInferAnswer } from "./infer-answer.ts";
import {
	type InferBody,
	inferBody,
	registerInferBody,
	toTextTensors,
} from "./infer-body.ts";
import {
	checkModel,
	chooseOutputs,
	describeModel,
	describeServer,
	type InferenceModel,
} from "./inference-model.ts";
import { kserveError } from "./kserve-errors.ts";

interface ModelPath {
	model: string;
	version?: string;
}

const tensor = z.looseObject({
	name: z.string(),
	datatype: z.string(),
	shape: z.array(z.int()),
});

const modelMetadata = z.object({
	name: z.string(),
	versions: z.array(z.string()),
	platform: z.string(),
	inputs: z.array(tensor),
	outputs: z.array(tensor),
});

const inferAnswer = z
	.object({
		model_name: z.string(),
		model_version: z.string(),
		id: z.string().optional(),
		outputs: z.array(tensor),
	})
	.meta({ title: "InferResponse" });

const ready = z.looseObject({ ready: z.boolean() });

function describe(
	id: string,
	summary: string,
	answer: string,
	content: z.ZodType,
	more: { isOpen?: boolean; body?: z.ZodType } = {},
) {
	return describeRoute({
		id,
		summary,
		tag: "KServe",
		answer,
		content,
		error: kserveError,
		...more,
	});
}

const isOpen = true;

/** The open inference protocol (KServe v2) over REST. Its health routes answer without a key, as all health routes do. */
export function registerKserveRoutes(
	app: FastifyInstance,
	context: EncoderContext,
	model: InferenceModel,
	bodyLimit: number,
): void {
	const { service, options } = context;
	const open = { config: { needsKey: false } };
	const isReady = () => service.state().phase === "ready";
	const check = ({ params }: FastifyRequest<{ Params: ModelPath }>) =>
		checkModel(service, model, params.model, params.version ?? "");

	app.get(
		"/v2",
		{
			schema: describe(
				"kserveServer",
				"The server and its extensions",
				"The metadata.",
				z.looseObject({ name: z.string(), version: z.string() }),
			),
		},
		async () => describeServer(options.version),
	);
	app.get(
		"/v2/health/live",
		{
			schema: describe(
				"kserveLive",
				"Is the process worth keeping?",
				"It is.",
				z.object({ live: z.boolean() }),
				{ isOpen },
			),
			...open,
		},
		async (_request, reply) => {
			const live = service.state().phase !== "failed";
			return reply.code(live ? 200 : 503).send({ live });
		},
	);
	app.get(
		"/v2/health/ready",
		{
			schema: describe(
				"kserveReady",
				"Does the model answer?",
				"It does; 503 otherwise.",
				ready,
				{ isOpen },
			),
			...open,
		},
		async (_request, reply) => sendReady(reply, isReady(), {}),
	);

	const paths = [
		["", "/v2/models/:model"],
		["Version", "/v2/models/:model/versions/:version"],
	] as const;
	for (const [suffix, path] of paths) {
		app.get<{ Params: ModelPath }>(
			path,
			{
				schema: describe(
					`kserveModel${suffix}`,
					"The model's tensors",
					"The metadata.",
					modelMetadata,
				),
			},
			async (request) => {
				check(request);
				return describeModel(service, model);
			},
		);
		app.get<{ Params: ModelPath }>(
			`${path}/ready`,
			{
				schema: describe(
					`kserveModelReady${suffix}`,
					"Does the model answer?",
					"It does; 503 otherwise.",
					ready,
					{ isOpen },
				),
				...open,
			},
			async (request, reply) => {
				check(request);
				return sendReady(reply, isReady(), { name: request.params.model });
			},
		);
	}
	app.register(async (scope) => {
		registerInferBody(scope, options);
		for (const [suffix, path] of paths) {
			scope.post<{ Params: ModelPath; Body: InferBody }>(
				`${path}/infer`,
				{
					schema: describe(
						`kserveInfer${suffix}`,
						"Compute tensors from tensors",
						"The outputs; those that are asked for as binary data follow the JSON.",
						inferAnswer,
						{ body: inferBody },
					),
					onRequest: requireReady(context),
					bodyLimit,
				},
				async (request, reply) => {
					check(request);
					request.record.model = service.model.id;
					const { binary_data_output: _, ...parameters } =
						request.body.parameters ?? {};
					const outputs = await model.infer(
						{
							modelName: request.params.model,
							inputs: toTextTensors(request.body),
							parameters,
						},
						toEncodingCall(request, reply),
					);
					const names = request.body.outputs?.map(({ name }) => name) ?? [];
					return sendInferAnswer(
						reply,
						request.body,
						request.params.model,
						chooseOutputs(outputs, names),
					);
				},
			);
		}
	});
}

function sendReady(
	reply: FastifyReply,
	isReady: boolean,
	more: { name?: string },
): FastifyReply {
	return reply.code(isReady ? 200 : 503).send({ ...more, ready: isReady });
}
