import type { FinishReason, Usage } from "../../core/stream-event.ts";
import {
	type ChatTokenLogprob,
	type PromptLogprobs,
	toChatLogprob,
	toPromptLogprobs,
} from "./chat-logprobs.ts";
import type { AnswerIdentity } from "./chat-stream.ts";
import type {
	ChoiceEndEvent,
	DeltaEvent,
	GenerationListener,
	StartEvent,
} from "./run-generations.ts";
import { toWireUsage } from "./usage.ts";

interface Choice {
	text: string;
	logprobs: ChatTokenLogprob[] | null;
	finishReason: FinishReason | null;
	stopReason: string | number | null;
}

/** Gathers a chat completion that is sent in one piece. */
export class ChatAnswer implements GenerationListener {
	readonly #choices: readonly Choice[];
	readonly #promptLogprobsCount: number | null;
	#promptLogprobs: PromptLogprobs | null = null;

	constructor(options: {
		choiceCount: number;
		hasLogprobs: boolean;
		promptLogprobs: number | null;
	}) {
		this.#promptLogprobsCount = options.promptLogprobs;
		this.#choices = Array.from({ length: options.choiceCount }, () => ({
			text: "",
			logprobs: options.hasLogprobs ? [] : null,
			finishReason: null,
			stopReason: null,
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
		choice.text += event.text;
		if (event.logprobs !== null)
			choice.logprobs?.push(...event.logprobs.map(toChatLogprob));
	}

	choiceEnd(index: number, event: ChoiceEndEvent): void {
		const choice = this.#choices[index];
		if (choice === undefined) return;
		choice.finishReason = event.finishReason;
		choice.stopReason = event.stopReason;
	}

	toBody(
		{ id, created, model, systemFingerprint }: AnswerIdentity,
		usage: Usage,
	) {
		return {
			id,
			object: "chat.completion",
			created,
			model,
			system_fingerprint: systemFingerprint,
			choices: this.#choices.map(
				({ text, logprobs, finishReason, stopReason }, index) => ({
					index,
					message: { role: "assistant", content: text, refusal: null },
					logprobs:
						logprobs === null ? null : { content: logprobs, refusal: null },
					finish_reason: finishReason,
					stop_reason: stopReason,
				}),
			),
			usage: toWireUsage(usage),
			...(this.#promptLogprobs === null
				? {}
				: { prompt_logprobs: this.#promptLogprobs }),
		};
	}
}
