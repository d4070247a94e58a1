import { GalleyError } from "../../core/errors.ts";
import type { LanguageService } from "../../core/language-service.ts";
import type { RenderedPrompt } from "./chat-prompt.ts";
import { tokenizeParts, tokenizePrompt } from "./prompt-tokens.ts";
import {
	dropOldestTurns,
	roomForAnswer,
	type Truncation,
} from "./truncation.ts";

export interface FittedPrompt {
	prompt: RenderedPrompt;
	promptTokens: Int32Array;
	/** Null when nothing was left out. */
	truncation: Truncation | null;
}

/** Beyond so many characters, what was left out is not counted: it would cost more than the answer. */
const maxCountedCharacters = 1_000_000;

/** Renders and tokenizes a conversation; with `truncates` without its oldest turns where it's too long. */
export function fitPrompt<Message extends { role: string }>(options: {
	service: LanguageService;
	messages: readonly Message[];
	render: (messages: readonly Message[]) => RenderedPrompt;
	truncates: boolean;
	/** It is only counted: no length is too long. */
	isOnlyCounted: boolean;
	maxModelLength: number;
	maxTokens: number | null;
}): FittedPrompt {
	const { service, messages, render, maxModelLength } = options;
	const toPrompt = (some: readonly Message[]) => {
		const prompt = render(some);
		const { pieces, addSpecial } = prompt;
		const promptTokens = options.isOnlyCounted
			? tokenizeParts(service, pieces, addSpecial)
			: tokenizePrompt(service, pieces, { addSpecial }, "messages");
		return { prompt, promptTokens };
	};
	if (!options.truncates) return { ...toPrompt(messages), truncation: null };
	const room = roomForAnswer(maxModelLength, options.maxTokens);
	let fitting: ReturnType<typeof toPrompt> | null = null;
	let fittingMessages: readonly Message[] | null = null;
	const kept = dropOldestTurns(messages, (some) => {
		const tried = tryPrompt(() => toPrompt(some));
		const fits =
			tried !== null && tried.promptTokens.length + room <= maxModelLength;
		if (fits) {
			fitting = tried;
			fittingMessages = some;
		}
		return fits;
	});
	// The last one that fitted has the fewest turns left out, and is what was chosen if it has as many messages.
	const isChosen =
		fittingMessages !== null &&
		(fittingMessages as readonly Message[]).length === kept.messages.length;
	const chosen: ReturnType<typeof toPrompt> =
		isChosen && fitting !== null ? fitting : toPrompt(kept.messages);
	if (kept.droppedMessages === null) return { ...chosen, truncation: null };
	const droppedTokens = countDropped(
		service,
		() => render(messages),
		chosen.promptTokens.length,
	);
	return {
		...chosen,
		truncation: { droppedMessages: kept.droppedMessages, droppedTokens },
	};
}

/** Null when there are more tokens than the context has. */
function tryPrompt<Prompt>(toPrompt: () => Prompt): Prompt | null {
	try {
		return toPrompt();
	} catch (thrown) {
		if (
			thrown instanceof GalleyError &&
			thrown.code === "context_length_exceeded"
		)
			return null;
		throw thrown;
	}
}

function countDropped(
	service: LanguageService,
	renderAll: () => RenderedPrompt,
	keptTokens: number,
): number | null {
	const { pieces, addSpecial } = renderAll();
	const characters = pieces.reduce((sum, piece) => sum + piece.length, 0);
	if (characters > maxCountedCharacters) return null;
	const all = tokenizeParts(service, pieces, addSpecial).length;
	return Math.max(0, all - keptTokens);
}
