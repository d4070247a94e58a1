import type { FinishReason, Usage } from "../../core/stream-event.ts";
import { bestChoices, ChoiceScore } from "./best-choices.ts";
import { type PromptLogprobs, toPromptLogprobs } from "./chat-logprobs.ts";
import type { AnswerIdentity } from "./chat-stream.ts";
import {
	type CompletionLogprobs,
	joinLogprobs,
} from "./completion-logprobs.ts";
import type { CompletionPiece, CompletionPieces } from "./completion-pieces.ts";
import type {
	ChoiceEndEvent,
	DeltaEvent,
	GenerationListener,
	StartEvent,
} from "./run-generations.ts";
import { toWireUsage } from "./usage.ts";

interface Choice {
	text: string;
	logprobs: CompletionLogprobs[];
	finishReason: FinishReason | null;
	stopReason: string | number | null;
	promptLogprobs: PromptLogprobs | null;
	score: ChoiceScore;
}

/** Gathers a text completion that is sent in one piece. */
export class CompletionAnswer implements GenerationListener {
	readonly #pieces: CompletionPieces;
	readonly #promptLogprobs: number | null;
	readonly #choices: readonly Choice[];

	constructor(pieces: CompletionPieces, promptLogprobs: number | null) {
		this.#pieces = pieces;
		this.#promptLogprobs = promptLogprobs;
		this.#choices = Array.from({ length: pieces.choiceCount }, () => ({
			text: "",
			logprobs: [],
			finishReason: null,
			stopReason: null,
			promptLogprobs: null,
			score: new ChoiceScore(),
		}));
	}

	start(prompt: number, event: StartEvent): void {
		const { choicesPerPrompt } = this.#pieces;
		const promptLogprobs = toPromptLogprobs(
			event.promptLogprobs,
			this.#promptLogprobs,
		);
		for (
			let index = prompt * choicesPerPrompt;
			index < (prompt + 1) * choicesPerPrompt;
			index++
		) {
			const choice = this.#choices[index];
			if (choice === undefined) continue;
			choice.promptLogprobs = promptLogprobs;
			add(choice, this.#pieces.echo(prompt, index, event));
		}
	}

	delta(index: number, event: DeltaEvent): void {
		const choice = this.#choices[index];
		if (choice === undefined) return;
		add(choice, this.#pieces.delta(index, event));
		for (const { logprob } of event.logprobs ?? []) choice.score.add(logprob);
	}

	choiceEnd(index: number, event: ChoiceEndEvent): void {
		const choice = this.#choices[index];
		if (choice === undefined) return;
		choice.finishReason = this.#pieces.finishReason(event.finishReason);
		choice.stopReason = event.stopReason;
	}

	toBody(
		{ id, created, model, systemFingerprint }: AnswerIdentity,
		usage: Usage,
	) {
		return {
			id,
			object: "text_completion",
			created,
			model,
			system_fingerprint: systemFingerprint,
			choices: this.#answered().map((choice, index) => ({
				text: choice.text,
				index,
				logprobs: this.#pieces.hasLogprobs
					? joinLogprobs(choice.logprobs)
					: null,
				finish_reason: choice.finishReason,
				stop_reason: choice.stopReason,
				...(choice.promptLogprobs === null
					? {}
					: { prompt_logprobs: choice.promptLogprobs }),
			})),
			usage: toWireUsage(this.#pieces.usage(usage)),
		};
	}

	/** All, or with `best_of` the best ones. */
	#answered(): readonly Choice[] {
		const { choicesPerPrompt, answeredPerPrompt } = this.#pieces;
		if (answeredPerPrompt === choicesPerPrompt) return this.#choices;
		const scores = this.#choices.map(({ score }) => score);
		return bestChoices(scores, choicesPerPrompt, answeredPerPrompt).flatMap(
			(place) => this.#choices[place] ?? [],
		);
	}
}

function add(choice: Choice, piece: CompletionPiece | null): void {
	if (piece === null) return;
	choice.text += piece.text;
	if (piece.logprobs !== null) choice.logprobs.push(piece.logprobs);
}
