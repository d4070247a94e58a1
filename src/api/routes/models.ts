import type { FastifyRequest } from "fastify";
import { z } from "zod";
import type { ModelEntry } from "../../core/language-service.ts";
import type { ServiceContext } from "../api-context.ts";
import { resolveModel } from "../generation/resolve-model.ts";
import { describeRoute } from "../route-schema.ts";

const model = z
	.object({
		id: z.string(),
		object: z.literal("model"),
		created: z.int(),
		owned_by: z.string(),
		root: z.string(),
		parent: z.string().nullable(),
		max_model_len: z.int(),
		permission: z.array(z.looseObject({})),
	})
	.meta({ title: "Model" });

export const listModelsSchema = describeRoute({
	id: "listModels",
	summary: "The base model and its adapters",
	tag: "Models",
	answer: "The base model comes first; its `root` is its own id.",
	content: z.object({ object: z.literal("list"), data: z.array(model) }),
});

export const retrieveModelSchema = describeRoute({
	id: "retrieveModel",
	summary: "One model",
	tag: "Models",
	answer: "The model.",
	content: model,
});

export function listModels({ service }: ServiceContext) {
	return async () => ({
		object: "list",
		data: (service.models?.() ?? [service.model]).map(toModel),
	});
}

export function retrieveModel({ service }: ServiceContext) {
	return async (request: FastifyRequest<{ Params: { "*": string } }>) =>
		toModel(resolveModel(service, request.params["*"]));
}

function toModel({
	id,
	created,
	root,
	parent,
	maxModelLength,
}: ModelEntry): z.output<typeof model> {
	return {
		id,
		object: "model",
		created,
		owned_by: "galley",
		root,
		parent,
		max_model_len: maxModelLength,
		permission: [toPermission(id, created)],
	};
}

/** OpenAI dropped these long ago; clients of NIM and vLLM still read them. */
function toPermission(id: string, created: number) {
	return {
		id: `modelperm-${id}`,
		object: "model_permission",
		created,
		allow_create_engine: false,
		allow_sampling: true,
		allow_logprobs: true,
		allow_search_indices: false,
		allow_view: true,
		allow_fine_tuning: false,
		organization: "*",
		group: null,
		is_blocking: false,
	};
}
