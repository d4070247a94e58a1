import { z } from "zod";

/**
 * What happens to each request field that is not simply honoured. A field is in exactly one place: a schema's own
 * fields (honoured), `ignoredFields` or `unsupportedFields`. Any other field is a 400 that names it.
 */

/**
 * Accepted and without effect, because clients send them habitually and leaving them out changes nothing of the answer:
 *
 * | field | why ignoring it is honest |
 * |---|---|
 * | metadata | labels for the provider's own records |
 * | store | nothing is stored here, so nothing needs to be kept out or in |
 * | service_tier | there is one tier |
 * | prediction | a hint that may make an answer faster, never different |
 * | prompt_cache_key, prompt_cache_retention | hints; prefixes are found without them |
 * | guided_decoding_backend | there is one; what can't be enforced is refused whatever its name |
 *
 * What says whose a request is has an effect, though not on the answer:
 *
 * | field | effect |
 * |---|---|
 * | user, or else safety_identifier | names the tenant, together with the API key: tenants get equal shares of the engine and of the queue. Only hashes are kept, as long as the request lives |
 * | cache_salt | cached prefixes are shared only between prompts of the same salt |
 */
export const ignoredFields = [
	"metadata",
	"store",
	"service_tier",
	"prediction",
	"prompt_cache_key",
	"prompt_cache_retention",
	"guided_decoding_backend",
] as const;

interface UnsupportedField {
	/** Values that ask for what happens anyway. `null` always is one. */
	neutral: readonly unknown[];
	/** What to do instead. */
	advice: string;
}

const textOnly = "This model reads and writes text only: leave it out.";
const leaveOut = "Leave it out.";

/** Fields that OpenAI, vLLM or NIM know and that can't be honoured here. Asking for them is a 400, never ignored. */
export const unsupportedFields = {
	guided_whitespace_pattern: {
		neutral: [],
		advice:
			"Between two JSON tokens a line break and up to 16 spaces are allowed: leave it out, or describe the whole text with 'guided_grammar'.",
	},
	audio: { neutral: [], advice: textOnly },
	modalities: { neutral: [["text"]], advice: textOnly },
	mm_processor_kwargs: { neutral: [], advice: textOnly },
	web_search_options: {
		neutral: [],
		advice: "This server does not search the web: leave it out.",
	},
	verbosity: {
		neutral: ["medium"],
		advice: "Ask for short or long answers in the prompt.",
	},
	documents: { neutral: [[]], advice: "Put the documents into the messages." },
	use_beam_search: { neutral: [false], advice: leaveOut },
	length_penalty: { neutral: [1], advice: leaveOut },
	early_stopping: { neutral: [false], advice: leaveOut },
	truncate_prompt_tokens: {
		neutral: [],
		advice: "Shorten the prompt before sending it.",
	},
	allowed_token_ids: {
		neutral: [],
		advice: "Ban tokens with 'logit_bias' instead.",
	},
	bad_words: { neutral: [[]], advice: "Ban tokens with 'logit_bias' instead." },
	logits_processors: { neutral: [[]], advice: leaveOut },
	return_token_ids: {
		neutral: [false],
		advice: "Use POST /tokenize for the ids of a text.",
	},
	return_tokens_as_token_ids: {
		neutral: [false],
		advice: "Use POST /tokenize for the ids of a text.",
	},
	spaces_between_special_tokens: { neutral: [true], advice: leaveOut },
	request_id: { neutral: [], advice: "Send it as the X-Request-Id header." },
	kv_transfer_params: { neutral: [], advice: leaveOut },
} as const satisfies Record<string, UnsupportedField>;

/** Names that other servers use, with what to send here. */
export const foreignNames: Readonly<Record<string, string>> = {
	extra_body: "Send the fields inside it at the top level.",
	max_new_tokens: "Use 'max_tokens'.",
	max_output_tokens: "Use 'max_tokens'.",
	n_predict: "Use 'max_tokens'.",
	num_predict: "Use 'max_tokens'.",
	stop_sequences: "Use 'stop'.",
	repeat_penalty: "Use 'repetition_penalty'.",
	random_seed: "Use 'seed'.",
	n_probs: "Use 'logprobs'.",
	keep_alive: "This server keeps its model loaded: leave it out.",
};

type Refused = z.ZodOptional<z.ZodType<unknown>>;

/** The two tables as schema fields, to be spread into a strict object beside the honoured ones. */
export function policyFields<Name extends keyof typeof unsupportedFields>(
	unsupported: readonly Name[],
): Record<(typeof ignoredFields)[number] | Name, Refused> {
	const fields: Record<string, Refused> = {};
	for (const name of ignoredFields) {
		fields[name] = z
			.unknown()
			.optional()
			.describe("Accepted for compatibility; has no effect.");
	}
	for (const name of unsupported)
		fields[name] = refused(name, unsupportedFields[name]);
	return fields as Record<(typeof ignoredFields)[number] | Name, Refused>;
}

function refused(name: string, { neutral, advice }: UnsupportedField): Refused {
	const neutralTexts = [...neutral, null].map((value) => JSON.stringify(value));
	const accepted =
		neutral.length === 0
			? ""
			: ` Only ${neutralTexts.slice(0, -1).join(" or ")} is accepted.`;
	return z
		.unknown()
		.superRefine((value, context) => {
			if (value === undefined || neutralTexts.includes(JSON.stringify(value)))
				return;
			const message = `'${name}' is not supported.${accepted} ${advice}`;
			context.addIssue({
				code: "custom",
				message,
				params: { code: "unsupported_parameter" },
			});
		})
		.optional()
		.describe(`Not supported.${accepted} ${advice}`);
}
