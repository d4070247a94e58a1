import type { ChatToolCall } from "../../core/chat-message.ts";
import type { Usage } from "../../core/stream-event.ts";
import {
	type ChatTokenLogprob,
	type PromptLogprobs,
	toChatLogprob,
	toPromptLogprobs,
} from "./chat-logprobs.ts";
import {
	type AnswerIdentity,
	type ChoiceShape,
	countReasoningTokens,
	toWireFinishReason,
} from "./chat-stream.ts";
import { ParsedChoice, type ParsedPiece } from "./parsed-choice.ts";
import type {
	ChoiceEndEvent,
	DeltaEvent,
	GenerationListener,
	StartEvent,
} from "./run-generations.ts";
import { toWireUsage } from "./usage.ts";

interface Choice {
	parsed: ParsedChoice;
	text: string;
	reasoning: string;
	calls: ChatToolCall[];
	logprobs: ChatTokenLogprob[] | null;
	end: ChoiceEndEvent | null;
}

/** Gathers a chat completion that is sent in one piece. */
export class ChatAnswer implements GenerationListener {
	readonly #choices: readonly Choice[];
	readonly #shape: ChoiceShape;
	readonly #promptLogprobsCount: number | null;
	readonly #isParsed: boolean;
	#promptLogprobs: PromptLogprobs | null = null;

	constructor(
		options: ChoiceShape & {
			hasLogprobs: boolean;
			promptLogprobs: number | null;
		},
	) {
		this.#shape = options;
		this.#promptLogprobsCount = options.promptLogprobs;
		const parsers = Array.from({ length: options.choiceCount }, () =>
			options.createParser(),
		);
		this.#isParsed = parsers.some((parser) => parser !== null);
		this.#choices = parsers.map((parser) => ({
			parsed: new ParsedChoice(parser),
			text: "",
			reasoning: "",
			calls: [],
			logprobs: options.hasLogprobs ? [] : null,
			end: null,
		}));
	}

	start(_prompt: number, event: StartEvent): void {
		this.#promptLogprobs = toPromptLogprobs(
			event.promptLogprobs,
			this.#promptLogprobsCount,
		);
	}

	delta(index: number, event: DeltaEvent): void {
		const choice = this.#choices[index];
		if (choice === undefined) return;
		for (const piece of choice.parsed.read(event)) addPiece(choice, piece);
	}

	choiceEnd(index: number, event: ChoiceEndEvent): void {
		const choice = this.#choices[index];
		if (choice === undefined) return;
		for (const piece of choice.parsed.end()) addPiece(choice, piece);
		choice.end = event;
	}

	toBody(
		{ id, created, model, systemFingerprint }: AnswerIdentity,
		usage: Usage,
	) {
		const reasoningTokens = this.#isParsed
			? countReasoningTokens(this.#choices.map(({ parsed }) => parsed))
			: null;
		return {
			id,
			object: "chat.completion",
			created,
			model,
			system_fingerprint: systemFingerprint,
			choices: this.#choices.map((choice, index) => ({
				index,
				message: toWireMessage(choice, this.#shape.isLegacyCall),
				logprobs:
					choice.logprobs === null
						? null
						: { content: choice.logprobs, refusal: null },
				finish_reason:
					choice.end === null
						? null
						: toWireFinishReason(
								choice.parsed,
								choice.end.finishReason,
								this.#shape,
							),
				stop_reason: choice.end?.stopReason ?? null,
			})),
			usage: toWireUsage(usage, reasoningTokens),
			...(this.#promptLogprobs === null
				? {}
				: { prompt_logprobs: this.#promptLogprobs }),
		};
	}
}

function addPiece(choice: Choice, piece: ParsedPiece): void {
	if (piece.logprobs !== undefined && piece.logprobs !== null)
		choice.logprobs?.push(...piece.logprobs.map(toChatLogprob));
	switch (piece.type) {
		case "text":
			choice.text += piece.text;
			return;
		case "reasoning":
			choice.reasoning += piece.text;
			return;
		case "call": {
			const { id, name } = piece;
			const called = { name, arguments: "" };
			choice.calls.push({ id, type: "function", function: called });
			return;
		}
		case "arguments": {
			const call = choice.calls[piece.index];
			if (call !== undefined) call.function.arguments += piece.text;
		}
	}
}

function toWireMessage(
	{ text, reasoning, calls }: Choice,
	isLegacyCall: boolean,
) {
	const [first] = calls;
	const made =
		first === undefined
			? {}
			: isLegacyCall
				? { function_call: first.function }
				: { tool_calls: calls };
	const thought =
		reasoning === "" ? {} : { reasoning_content: reasoning, reasoning };
	const content = text === "" && first !== undefined ? null : text;
	return { role: "assistant", content, refusal: null, ...thought, ...made };
}
