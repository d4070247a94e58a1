import type { LanguageService } from "../../core/language-service.ts";
import type { TokenLogprob } from "../../core/stream-event.ts";
import { escapedBytes, finiteLogprob, tokenText } from "./token-text.ts";

/** `choices[].logprobs.content[]` of chat completions. */
export interface ChatTokenLogprob {
	token: string;
	logprob: number;
	/** The truth where `token` shows escaped bytes. */
	bytes: number[];
	top_logprobs: Omit<ChatTokenLogprob, "top_logprobs">[];
}

export function toChatLogprob(entry: TokenLogprob): ChatTokenLogprob {
	return { ...toCandidate(entry), top_logprobs: entry.top.map(toCandidate) };
}

function toCandidate({
	bytes,
	logprob,
}: {
	bytes: Uint8Array;
	logprob: number;
}) {
	return {
		token: tokenText(bytes) ?? escapedBytes(bytes),
		logprob: finiteLogprob(logprob),
		bytes: Array.from(bytes),
	};
}

/** vLLM's `prompt_logprobs`: for each prompt token, token ids with their logprobs; null for the first token. */
export type PromptLogprobs = (Record<
	string,
	{ logprob: number; rank: number | null; decoded_token: string }
> | null)[];

export function toPromptLogprobs(
	entries: readonly (TokenLogprob | null)[] | null,
	topCount: number | null,
): PromptLogprobs | null {
	if (entries === null || topCount === null) return null;
	return entries.map((entry) => {
		if (entry === null) return null;
		const top = entry.top
			.slice(0, topCount)
			.map((candidate, index) => ({ ...candidate, rank: index + 1 }));
		// The rank of a token beyond the alternatives is not known.
		const rank = entry.top.findIndex(({ token }) => token === entry.token) + 1;
		const own = {
			token: entry.token,
			bytes: entry.bytes,
			logprob: entry.logprob,
			rank: rank === 0 ? null : rank,
		};
		return Object.fromEntries(
			[own, ...top].map(({ token, bytes, logprob, rank: place }) => [
				String(token),
				{
					logprob: finiteLogprob(logprob),
					rank: place,
					decoded_token: tokenText(bytes) ?? escapedBytes(bytes),
				},
			]),
		);
	});
}

/** Whether a token leaves no text, as control tokens do. */
export function isInvisible(service: LanguageService, token: number): boolean {
	return service.detokenize([token], { renderSpecialTokens: false }) === "";
}
