import type { FastifyRequest } from "fastify";
import { z } from "zod";
import type { ApiContext } from "../api-context.ts";
import { requireInVocabulary } from "../generation/generation-settings.ts";
import { resolveModel } from "../generation/resolve-model.ts";
import { tokenList } from "../generation/sequence-of.ts";
import { describeRoute } from "../route-schema.ts";

const maxTokens = 4_000_000;

const body = z
	.strictObject({
		model: z.string().nullish(),
		tokens: tokenList({ min: 0, max: maxTokens }),
	})
	.meta({ title: "DetokenizeRequest" });

export type DetokenizeBody = z.output<typeof body>;

export const detokenizeSchema = describeRoute({
	id: "detokenize",
	summary: "Turn token ids into text",
	tag: "Tokens",
	body,
	answer: "The text, control tokens included.",
	content: z.object({ prompt: z.string() }),
});

export function detokenize({ service }: ApiContext) {
	return async ({
		body: fields,
		record,
	}: FastifyRequest<{ Body: DetokenizeBody }>) => {
		record.model = resolveModel(service, fields.model).id;
		const { vocabularySize } = service.facts;
		for (const [index, token] of fields.tokens.entries())
			requireInVocabulary(token, vocabularySize, "tokens", index);
		return {
			prompt: service.detokenize(fields.tokens, { renderSpecialTokens: true }),
		};
	};
}
