import { toOutputFields } from "./output-format.ts";
import { type Problem, toParameterFields } from "./parameters.ts";
import type { Settings } from "./settings.ts";
import { parseTools, toToolChoice } from "./tools.ts";
import type { WireMessage } from "./wire.ts";

/** A request's body without its model, or what keeps it from being sent. */
export interface RequestPlan {
	model: string;
	body: Record<string, unknown>;
	problems: readonly Problem[];
}

const stream = { stream: true, stream_options: { include_usage: true } };

/** Exactly what is sent for a chat, and what the code shown beside it says. */
export function toChatRequest(
	settings: Settings,
	messages: readonly WireMessage[],
): RequestPlan {
	const sampling = toParameterFields(settings.parameters, { isChat: true });
	const output = toOutputFields(settings);
	const { tools, names, problems } = parseTools(settings.tools);
	const { logprobs } = settings;
	const system =
		settings.system.trim() === ""
			? []
			: [{ role: "system" as const, content: settings.system }];
	return {
		model: settings.model,
		body: {
			messages: [...system, ...messages],
			...sampling.fields,
			...(tools.length === 0
				? {}
				: {
						tools,
						tool_choice: toToolChoice(settings.toolChoice, names),
					}),
			...output.fields,
			...(logprobs === null ? {} : { logprobs: true, top_logprobs: logprobs }),
			...stream,
		},
		problems: [
			...modelProblem(settings),
			...sampling.problems,
			...problems,
			...output.problems,
		],
	};
}

interface CompletionInput {
	prompt: string;
	suffix: string;
	echo: boolean;
}

export function toCompletionRequest(
	settings: Settings,
	{ prompt, suffix, echo }: CompletionInput,
): RequestPlan {
	const sampling = toParameterFields(settings.parameters, { isChat: false });
	const output = toOutputFields(settings);
	const { logprobs } = settings;
	return {
		model: settings.model,
		body: {
			prompt,
			...(suffix === "" ? {} : { suffix }),
			...(echo ? { echo } : {}),
			...sampling.fields,
			...output.fields,
			...(logprobs === null ? {} : { logprobs }),
			...stream,
		},
		problems: [
			...modelProblem(settings),
			...sampling.problems,
			...output.problems,
		],
	};
}

interface EmbeddingInput {
	texts: string;
	inputType: "query" | "passage" | null;
	dimensions: number | null;
}

export function toEmbeddingRequest(
	model: string,
	{ texts, inputType, dimensions }: EmbeddingInput,
): RequestPlan {
	const input = toLines(texts);
	return {
		model,
		body: {
			input,
			...(inputType === null ? {} : { input_type: inputType }),
			...(dimensions === null ? {} : { dimensions }),
		},
		problems: [
			...modelProblem({ model }),
			...(input.length === 0
				? [{ field: "input", message: "Type some texts, one a line." }]
				: []),
		],
	};
}

interface RankingInput {
	query: string;
	passages: string;
}

export function toRankingRequest(
	model: string,
	{ query, passages }: RankingInput,
): RequestPlan {
	const texts = toLines(passages);
	const problems: Problem[] = [...modelProblem({ model })];
	if (query.trim() === "")
		problems.push({ field: "query.text", message: "Type a question." });
	if (texts.length === 0)
		problems.push({
			field: "passages",
			message: "Type some passages, one a line.",
		});
	return {
		model,
		body: {
			query: { text: query.trim() },
			passages: texts.map((text) => ({ text })),
		},
		problems,
	};
}

/** One text a line; empty lines are none. */
export function toLines(text: string): string[] {
	return text
		.split("\n")
		.map((line) => line.trim())
		.filter((line) => line !== "");
}

function modelProblem({ model }: Pick<Settings, "model">): Problem[] {
	return model === ""
		? [{ field: "model", message: "Choose a model first." }]
		: [];
}
