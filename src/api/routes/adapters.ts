import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { GalleyError } from "../../core/errors.ts";
import type {
	AdapterInfo,
	AdapterService,
} from "../../core/language-service.ts";
import type { ApiContext } from "../api-context.ts";
import { describeRoute } from "../route-schema.ts";

const adapter = z
	.object({
		id: z.string(),
		object: z.literal("adapter"),
		lora_int_id: z.int(),
		state: z.enum(["loading", "ready", "failed"]),
		problem: z.string().nullable(),
		rank: z.int().nullable(),
		size_bytes: z.int().nullable(),
		created: z.int(),
	})
	.meta({ title: "Adapter" });

const loadBody = z
	.strictObject({
		lora_name: z.string().min(1).describe("The model name it gets."),
		lora_path: z
			.string()
			.min(1)
			.describe(
				"On the server: a GGUF file or a PEFT directory, in a directory that the operator allows.",
			),
		load_inplace: z.literal(false).nullish(),
		base_model_name: z.string().nullish(),
	})
	.meta({ title: "LoadLoraAdapterRequest" });

const unloadBody = z
	.strictObject({
		lora_name: z.string().min(1),
		lora_int_id: z
			.int()
			.nullish()
			.describe("Refuse when the name stands for another one by now."),
	})
	.meta({ title: "UnloadLoraAdapterRequest" });

export type LoadAdapterBody = z.output<typeof loadBody>;
export type UnloadAdapterBody = z.output<typeof unloadBody>;

export const listAdaptersSchema = describeRoute({
	id: "listAdapters",
	summary: "LoRA adapters and their states",
	tag: "Management",
	answer:
		"Also those that can't be used, with the reason; GET /v1/models lists the others.",
	content: z.object({ object: z.literal("list"), data: z.array(adapter) }),
});

export const loadAdapterSchema = describeRoute({
	id: "loadLoraAdapter",
	summary: "Load a LoRA adapter",
	tag: "Management",
	body: loadBody,
	answer: "A sentence that says that it can be used now.",
	content: "text/plain",
});

export const unloadAdapterSchema = describeRoute({
	id: "unloadLoraAdapter",
	summary: "Unload a LoRA adapter",
	tag: "Management",
	body: unloadBody,
	answer: "A sentence. What runs with it goes on to its end.",
	content: "text/plain",
});

export function listAdapters({ service }: ApiContext) {
	return async () => ({
		object: "list",
		data: (service.adapters?.list() ?? []).map(toAdapter),
	});
}

export function loadAdapter({ service }: ApiContext) {
	return async (
		{ body }: FastifyRequest<{ Body: LoadAdapterBody }>,
		reply: FastifyReply,
	) => {
		const { lora_name: name, lora_path: path, base_model_name: base } = body;
		if (typeof base === "string" && base !== service.model.id) {
			const message = `'base_model_name': this service's base model is '${service.model.id}'.`;
			throw new GalleyError("model_not_found", message, {
				param: "base_model_name",
			});
		}
		await present(service.adapters).load(name, path);
		return reply
			.type("text/plain; charset=utf-8")
			.send(`Success: LoRA adapter '${name}' added successfully.`);
	};
}

export function unloadAdapter({ service }: ApiContext) {
	return async (
		{ body }: FastifyRequest<{ Body: UnloadAdapterBody }>,
		reply: FastifyReply,
	) => {
		const { lora_name: name, lora_int_id: id } = body;
		present(service.adapters).unload(name, id ?? null);
		return reply
			.type("text/plain; charset=utf-8")
			.send(`Success: LoRA adapter '${name}' removed successfully.`);
	};
}

function present(adapters: AdapterService | null): AdapterService {
	if (adapters !== null) return adapters;
	throw new GalleyError(
		"engine_unavailable",
		"Adapters can't be loaded before the model is there. Try again later.",
		{ retryAfterSeconds: 5 },
	);
}

/** Not the path: clients may read this. */
function toAdapter(info: AdapterInfo): z.output<typeof adapter> {
	return {
		id: info.name,
		object: "adapter",
		lora_int_id: info.id,
		state: info.state,
		problem: info.problem,
		rank: info.rank,
		size_bytes: info.sizeBytes,
		created: info.created,
	};
}
