import type {
	EmbeddingInputType,
	InputTruncation,
} from "../../core/embedding-service.ts";
import { GalleyError } from "../../core/errors.ts";
import type { ModelEntry } from "../../core/language-service.ts";
import type { ServedModel } from "../api-context.ts";
import { resolveModel } from "../generation/resolve-model.ts";

/** NIM's names of what happens to inputs that are too long. */
export const truncations = {
	NONE: "none",
	START: "start",
	END: "end",
} as const satisfies Record<string, InputTruncation>;

const suffixes: Readonly<Record<string, EmbeddingInputType>> = {
	"-query": "query",
	"-passage": "passage",
};

/**
 * The model asked for, and the kind of input that its name tells: as in NIM, `-query` or `-passage` behind the name says
 * what OpenAI's clients have no field for.
 */
export function resolveEmbeddingModel(
	service: Pick<ServedModel, "model" | "models">,
	name: string | null | undefined,
	inputType: EmbeddingInputType | null | undefined,
): { model: ModelEntry; inputType: EmbeddingInputType | null } {
	const { model } = service;
	for (const [suffix, told] of Object.entries(suffixes)) {
		if (name !== model.id + suffix) continue;
		if (inputType !== undefined && inputType !== null && inputType !== told) {
			const message = `'input_type' is '${inputType}', but the model's name '${name}' says '${told}'. Send one of them.`;
			throw new GalleyError("invalid_request", message, {
				param: "input_type",
			});
		}
		return { model, inputType: told };
	}
	return { model: resolveModel(service, name), inputType: inputType ?? null };
}

/** `param` is where they are, as the client calls it. */
export function checkInputCount(
	count: number,
	maxInputs: number,
	param: string,
): void {
	if (count <= maxInputs) return;
	const message = `'${param}' has ${count} items, but this server takes at most ${maxInputs} in a request. Send them in several.`;
	throw new GalleyError("invalid_request", message, { param });
}
