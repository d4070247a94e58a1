import type { LanguageService } from "../../core/language-service.ts";
import type { FinishReason, Usage } from "../../core/stream-event.ts";
import { isInvisible } from "./chat-logprobs.ts";
import {
	type CompletionLogprobs,
	CompletionLogprobsBuilder,
} from "./completion-logprobs.ts";
import type { CompletionPlan } from "./completion-plan.ts";
import type { DeltaEvent, StartEvent } from "./run-generations.ts";

/** A piece of a choice as both forms of the answer write it. */
export interface CompletionPiece {
	text: string;
	logprobs: CompletionLogprobs | null;
}

/** The pieces of all choices of one text completion: the prompt where it is echoed, then the deltas. */
export class CompletionPieces {
	readonly #service: LanguageService;
	readonly #plan: CompletionPlan;
	readonly #builders: readonly CompletionLogprobsBuilder[];
	/** Choices that are generated: `best_of`. */
	readonly choicesPerPrompt: number;
	/** Choices that are answered: `n`. */
	readonly answeredPerPrompt: number;
	readonly choiceCount: number;
	readonly hasLogprobs: boolean;

	constructor(service: LanguageService, plan: CompletionPlan) {
		this.#service = service;
		this.#plan = plan;
		const [first] = plan.requests;
		this.choicesPerPrompt = first?.choices ?? 0;
		this.answeredPerPrompt = plan.choices;
		this.choiceCount = plan.requests.length * this.choicesPerPrompt;
		const topCount = plan.logprobs;
		const isQuiet = (token: number) => isInvisible(service, token);
		this.hasLogprobs = topCount !== null;
		this.#builders =
			topCount === null
				? []
				: Array.from(
						{ length: this.choiceCount },
						() => new CompletionLogprobsBuilder(topCount, isQuiet),
					);
	}

	/** What each choice of the prompt begins with; null where nothing is echoed. */
	echo(
		prompt: number,
		choice: number,
		event: StartEvent,
	): CompletionPiece | null {
		if (!this.#plan.echo) return null;
		const tokens = this.#plan.requests[prompt]?.promptTokens ?? [];
		const builder = this.#builders[choice];
		const bytesOf = (token: number) => this.#service.tokenBytes(token);
		return {
			text: this.#plan.promptTexts[prompt] ?? "",
			logprobs:
				builder?.addPrompt(tokens, event.promptLogprobs ?? [], bytesOf) ?? null,
		};
	}

	/** Null where there is nothing to tell. */
	delta(
		choice: number,
		{ text, logprobs }: DeltaEvent,
	): CompletionPiece | null {
		if (this.#plan.isScoringOnly) return null;
		const builder = this.#builders[choice];
		if (builder === undefined || logprobs === null)
			return text === "" ? null : { text, logprobs: null };
		return { text, logprobs: builder.add(logprobs) };
	}

	/** A prompt that was only scored ended because it was to have no more tokens. */
	finishReason(reason: FinishReason): FinishReason {
		return this.#plan.isScoringOnly ? "length" : reason;
	}

	/** What was generated but not asked for is not counted. */
	usage(usage: Usage): Usage {
		return this.#plan.isScoringOnly ? { ...usage, completionTokens: 0 } : usage;
	}
}
