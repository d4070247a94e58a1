/**
 * Everything that can be said about how an answer is drawn: one row a parameter, with what it does and what happens when
 * it is left alone. Only what was set is sent, so a model's own defaults stay its own.
 */

export type ParameterValue = number | boolean | string | readonly string[];

type ParameterGroup = "Randomness" | "Length" | "Repetition" | "Advanced";

interface ParameterBase {
	/** As the API calls it. */
	name: string;
	title: string;
	group: ParameterGroup;
	/** What it does, for people. */
	explanation: string;
	/** What happens when it is not set. */
	unset: string;
	/** Not for text completions. */
	isChatOnly?: boolean;
}

export type Parameter = ParameterBase &
	(
		| {
				kind: "slider";
				min: number;
				max: number;
				step: number;
				neutral: number;
		  }
		| { kind: "number"; min: number; max: number; step: number }
		| { kind: "switch" }
		| { kind: "choice"; values: readonly string[] }
		| { kind: "texts" }
		| { kind: "ids" }
		| { kind: "json"; example: string }
		| { kind: "text" }
	);

const largestInteger = 2_147_483_647;

export const parameters: readonly Parameter[] = [
	{
		name: "temperature",
		title: "Temperature",
		group: "Randomness",
		explanation:
			"How freely words are drawn. 0 always takes the likeliest one; higher is more varied, and wilder.",
		unset: "1",
		kind: "slider",
		min: 0,
		max: 2,
		step: 0.05,
		neutral: 1,
	},
	{
		name: "top_p",
		title: "Top P",
		group: "Randomness",
		explanation:
			"Draws only from the likeliest tokens that together reach this probability.",
		unset: "1: all tokens",
		kind: "slider",
		min: 0,
		max: 1,
		step: 0.01,
		neutral: 1,
	},
	{
		name: "top_k",
		title: "Top K",
		group: "Randomness",
		explanation: "Draws only from this many of the likeliest tokens.",
		unset: "0: all tokens",
		kind: "number",
		min: 0,
		max: largestInteger,
		step: 1,
	},
	{
		name: "min_p",
		title: "Min P",
		group: "Randomness",
		explanation:
			"Leaves out tokens less likely than this share of the likeliest one. Adapts to how sure the model is.",
		unset: "0: all tokens",
		kind: "slider",
		min: 0,
		max: 1,
		step: 0.01,
		neutral: 0,
	},
	{
		name: "typical_p",
		title: "Typical P",
		group: "Randomness",
		explanation:
			"Prefers tokens that carry about as much information as expected: neither obvious nor odd.",
		unset: "1: off",
		kind: "slider",
		min: 0.01,
		max: 1,
		step: 0.01,
		neutral: 1,
	},
	{
		name: "seed",
		title: "Seed",
		group: "Randomness",
		explanation:
			"The same seed with the same settings draws the same tokens again.",
		unset: "a new one each time",
		kind: "number",
		min: 0,
		max: 4_294_967_295,
		step: 1,
	},
	{
		name: "max_tokens",
		title: "Longest answer",
		group: "Length",
		explanation: "The answer is cut off after this many tokens.",
		unset: "the rest of the context",
		kind: "number",
		min: 1,
		max: largestInteger,
		step: 16,
	},
	{
		name: "min_tokens",
		title: "Shortest answer",
		group: "Length",
		explanation: "The model may not end its answer before this many tokens.",
		unset: "0",
		kind: "number",
		min: 0,
		max: largestInteger,
		step: 1,
	},
	{
		name: "stop",
		title: "Stop at",
		group: "Length",
		explanation:
			"The answer ends where one of these texts would begin. Up to 16.",
		unset: "no texts",
		kind: "texts",
	},
	{
		name: "stop_token_ids",
		title: "Stop at token ids",
		group: "Length",
		explanation: "The answer ends at one of these tokens.",
		unset: "the model's own end tokens",
		kind: "ids",
	},
	{
		name: "ignore_eos",
		title: "Ignore the model's end",
		group: "Length",
		explanation:
			"Goes on when the model wants to end, up to the longest answer. For measuring.",
		unset: "off",
		kind: "switch",
	},
	{
		name: "presence_penalty",
		title: "Presence penalty",
		group: "Repetition",
		explanation:
			"Makes every token that was used already less likely, however often it was used.",
		unset: "0: off",
		kind: "slider",
		min: -2,
		max: 2,
		step: 0.05,
		neutral: 0,
	},
	{
		name: "frequency_penalty",
		title: "Frequency penalty",
		group: "Repetition",
		explanation: "Makes tokens less likely each time they are used.",
		unset: "0: off",
		kind: "slider",
		min: -2,
		max: 2,
		step: 0.05,
		neutral: 0,
	},
	{
		name: "repetition_penalty",
		title: "Repetition penalty",
		group: "Repetition",
		explanation:
			"Divides the score of tokens that were used, in the prompt too. Above 1 repeats less.",
		unset: "1: off",
		kind: "slider",
		min: 0.5,
		max: 2,
		step: 0.01,
		neutral: 1,
	},
	{
		name: "repeat_last_n",
		title: "Penalties look back",
		group: "Repetition",
		explanation:
			"How many of the last tokens the three penalties look at; -1 is everything.",
		unset: "-1",
		kind: "number",
		min: -1,
		max: largestInteger,
		step: 16,
	},
	{
		name: "dry_multiplier",
		title: "DRY strength",
		group: "Repetition",
		explanation:
			"Punishes going on with a phrase that was said before, the harder the longer it is.",
		unset: "0: off",
		kind: "slider",
		min: 0,
		max: 5,
		step: 0.05,
		neutral: 0,
	},
	{
		name: "dry_base",
		title: "DRY base",
		group: "Repetition",
		explanation:
			"How fast the DRY penalty grows with the length of the phrase.",
		unset: "1.75",
		kind: "number",
		min: 1,
		max: 100,
		step: 0.05,
	},
	{
		name: "dry_allowed_length",
		title: "DRY allowed length",
		group: "Repetition",
		explanation: "Phrases of up to this many tokens may be repeated freely.",
		unset: "2",
		kind: "number",
		min: 0,
		max: largestInteger,
		step: 1,
	},
	{
		name: "dry_penalty_last_n",
		title: "DRY looks back",
		group: "Repetition",
		explanation:
			"How many of the last tokens are searched for the phrase; -1 is everything.",
		unset: "-1",
		kind: "number",
		min: -1,
		max: largestInteger,
		step: 16,
	},
	{
		name: "reasoning_effort",
		title: "Reasoning",
		group: "Advanced",
		explanation:
			"For models that reason: how much they think before they answer. None turns it off.",
		unset: "the model's own",
		kind: "choice",
		values: ["none", "minimal", "low", "medium", "high"],
		isChatOnly: true,
	},
	{
		name: "logit_bias",
		title: "Token bias",
		group: "Advanced",
		explanation:
			"Token ids and what is added to their scores, from -100 (never) to 100 (always), as JSON.",
		unset: "none",
		kind: "json",
		example: '{"1234": -100}',
	},
	{
		name: "skip_special_tokens",
		title: "Hide special tokens",
		group: "Advanced",
		explanation: "Leaves control tokens such as <|im_end|> out of the text.",
		unset: "on",
		kind: "switch",
	},
	{
		name: "priority",
		title: "Priority",
		group: "Advanced",
		explanation: "Lower runs first when requests wait for each other.",
		unset: "0",
		kind: "number",
		min: -largestInteger,
		max: largestInteger,
		step: 1,
	},
	{
		name: "deadline_ms",
		title: "Deadline",
		group: "Advanced",
		explanation:
			"Milliseconds to the first token. A request that can't make it is refused at once.",
		unset: "none",
		kind: "number",
		min: 1,
		max: 86_400_000,
		step: 100,
	},
	{
		name: "cache_salt",
		title: "Cache salt",
		group: "Advanced",
		explanation:
			"Cached prompts are shared only between requests of the same salt.",
		unset: "shared with everybody",
		kind: "text",
	},
];

export const parameterGroups: readonly ParameterGroup[] = [
	"Randomness",
	"Length",
	"Repetition",
	"Advanced",
];
