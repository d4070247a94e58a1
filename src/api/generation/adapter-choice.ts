import { z } from "zod";
import { GalleyError } from "../../core/errors.ts";
import type { GenerationRequest } from "../../core/generation-request.ts";
import type {
	LanguageService,
	ModelEntry,
} from "../../core/language-service.ts";
import { unknownModel } from "./resolve-model.ts";
import { sequenceOf } from "./sequence-of.ts";

const largestScale = 100;

const adapter = z.strictObject({
	name: z.string().min(1).max(1024).describe("As in GET /v1/models."),
	scale: z
		.number()
		.min(-largestScale)
		.max(largestScale)
		.nullish()
		.describe("How strongly it works. Default: 1."),
});

/** Our extension, under the name that llama-server has for it; there adapters go by number, here by name. */
export const adapterField = sequenceOf(adapter, { min: 0, max: 64 })
	.nullish()
	.describe(
		"LoRA adapters to compute the answer with, all at once. One named as 'model' works at scale 1 beside them.",
	);

/** What `model` and `lora` ask for together. */
export function chooseAdapters(
	service: LanguageService,
	model: ModelEntry,
	asked: readonly z.output<typeof adapter>[] | null | undefined,
): GenerationRequest["adapters"] {
	const chosen = new Map<string, number>();
	if (model.parent !== null) chosen.set(model.id, 1);
	if (asked === null || asked === undefined || asked.length === 0)
		return toList(chosen);
	const adapters = service.models().filter(({ parent }) => parent !== null);
	for (const [index, { name, scale }] of asked.entries()) {
		const param = `lora[${index}].name`;
		if (!adapters.some(({ id }) => id === name))
			throw unknownModel(name, adapters, param);
		if (chosen.has(name)) {
			const message = `The adapter '${name}' is named twice: send it once, with the scale that you want.`;
			throw new GalleyError("invalid_request", message, { param });
		}
		chosen.set(name, scale ?? 1);
	}
	return toList(chosen);
}

function toList(
	chosen: ReadonlyMap<string, number>,
): GenerationRequest["adapters"] {
	return [...chosen].map(([name, scale]) => ({ name, scale }));
}
