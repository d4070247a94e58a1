import { setImmediate as nextTurn } from "node:timers/promises";
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import type { EncoderService } from "../../core/embedding-service.ts";
import { GalleyError } from "../../core/errors.ts";
import { sequenceOf } from "../generation/sequence-of.ts";
import { describeRoute } from "../route-schema.ts";
import type { EncoderContext } from "./encoder-context.ts";
import { checkInputCount, resolveEmbeddingModel } from "./encoder-model.ts";

const mostPrompts = 100_000;
/** Longer than this, tokenizing lets others have a turn. */
const turnMs = 10;

const body = z
	.strictObject({
		model: z.string().nullish(),
		prompt: z.string().nullish().describe("A text; or send 'prompts'."),
		prompts: sequenceOf(z.string(), { min: 0, max: mostPrompts })
			.nullish()
			.describe("Texts whose tokens are only counted."),
		add_special_tokens: z
			.boolean()
			.nullish()
			.describe("With what the model puts around a passage; default: true."),
	})
	.meta({ title: "EncoderTokenizeRequest" });

export type EncoderTokenizeBody = z.output<typeof body>;

export const tokenizeSchema = describeRoute({
	id: "tokenize",
	summary: "Turn a text into token ids, or count those of texts",
	tag: "Tokens",
	body,
	answer: "The token ids of 'prompt', or the counts of 'prompts'.",
	content: z.union([
		z.object({
			count: z.int(),
			max_model_len: z.int(),
			tokens: z.array(z.int()),
			token_strs: z.null(),
		}),
		z.object({
			count: z.int().describe("Of all texts together."),
			counts: z.array(z.int()),
			max_model_len: z.int(),
		}),
	]),
});

export function tokenize({ service, options }: EncoderContext) {
	return async ({
		body: fields,
		record,
	}: FastifyRequest<{ Body: EncoderTokenizeBody }>) => {
		const { model } = resolveEmbeddingModel(service, fields.model, null);
		record.model = model.id;
		const special =
			fields.add_special_tokens === false ? service.tokenize("") : null;
		const toTokens = (text: string) => {
			const tokens = service.tokenize(text);
			return special === null ? tokens : withoutSpecial(tokens, special);
		};
		const { prompt, prompts } = fields;
		const hasPrompts = prompts !== undefined && prompts !== null;
		if ((typeof prompt === "string") === hasPrompts)
			throw new GalleyError(
				"invalid_request",
				"Send either 'prompt' or 'prompts'.",
				{ param: "prompt" },
			);
		if (typeof prompt === "string") {
			const tokens = toTokens(prompt);
			return {
				count: tokens.length,
				max_model_len: model.maxModelLength,
				tokens: Array.from(tokens),
				token_strs: null,
			};
		}
		const texts = prompts ?? [];
		checkInputCount(texts.length, options.maxInputs, "prompts");
		const counts = await countAll(texts, (text) => toTokens(text).length);
		return {
			count: counts.reduce((sum, count) => sum + count, 0),
			counts,
			max_model_len: model.maxModelLength,
		};
	};
}

async function countAll(
	texts: readonly string[],
	count: (text: string) => number,
): Promise<number[]> {
	const counts: number[] = [];
	let turnStart = performance.now();
	for (const text of texts) {
		counts.push(count(text));
		if (performance.now() - turnStart < turnMs) continue;
		await nextTurn();
		turnStart = performance.now();
	}
	return counts;
}

/** What stands around an empty text stands around every text: first its beginning, then its end. */
function withoutSpecial(
	tokens: Int32Array,
	special: Int32Array,
): ReturnType<EncoderService["tokenize"]> {
	let start = 0;
	while (start < special.length && tokens[start] === special[start]) start++;
	return tokens.subarray(start, tokens.length - (special.length - start));
}
