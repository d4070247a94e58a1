import { type GalleyError, toGalleyError } from "../../core/errors.ts";
import type { GenerationRequest } from "../../core/generation-request.ts";
import type { LanguageService } from "../../core/language-service.ts";
import type { StreamEvent, Usage } from "../../core/stream-event.ts";
import { addUsage, noUsage } from "./usage.ts";

type EventOf<Type extends StreamEvent["type"]> = Extract<
	StreamEvent,
	{ type: Type }
>;
export type StartEvent = EventOf<"start">;
export type DeltaEvent = EventOf<"delta">;
export type ChoiceEndEvent = EventOf<"choice-end">;

/** Hears of all generations of one HTTP request. Choices are numbered prompt by prompt, as OpenAI does. */
export interface GenerationListener {
	start(prompt: number, event: StartEvent): void;
	delta(choice: number, event: DeltaEvent): void;
	choiceEnd(choice: number, event: ChoiceEndEvent): void;
}

export interface GenerationEnd {
	/** The sum over all prompts. */
	finish(usage: Usage): void;
	error(error: GalleyError): void;
}

/**
 * Starts one generation for each request and joins them: exactly one of `finish` and `error` is called, once, and the
 * first error ends them all. The returned function cancels.
 */
export function runGenerations(
	service: LanguageService,
	requests: readonly GenerationRequest[],
	listener: GenerationListener & GenerationEnd,
): () => void {
	const cancels: (() => void)[] = [];
	let usage = noUsage;
	let runningCount = requests.length;
	let hasEnded = false;

	const cancelAll = () => {
		for (const cancel of cancels) cancel();
	};
	const fail = (error: GalleyError) => {
		if (hasEnded) return;
		hasEnded = true;
		cancelAll();
		listener.error(error);
	};

	for (const [prompt, request] of requests.entries()) {
		if (hasEnded) break;
		const firstChoice = prompt * request.choices;
		const hear = (event: StreamEvent): void => {
			if (event.type === "delta") {
				listener.delta(firstChoice + event.choice, event);
			} else if (event.type === "start") {
				listener.start(prompt, event);
			} else if (event.type === "choice-end") {
				listener.choiceEnd(firstChoice + event.choice, event);
			} else if (event.type === "error") {
				fail(event.error);
			} else {
				usage = addUsage(usage, event.usage);
				runningCount--;
				if (runningCount > 0) return;
				listener.finish(usage);
				hasEnded = true;
			}
		};
		// A fault in writing one answer must not reach the service, which serves others too.
		const onEvent = (event: StreamEvent): void => {
			if (hasEnded) return;
			try {
				hear(event);
			} catch (thrown) {
				fail(toGalleyError(thrown));
			}
		};
		try {
			cancels.push(service.generate(request, onEvent));
		} catch (thrown) {
			fail(toGalleyError(thrown));
		}
	}
	return cancelAll;
}
