import { GrammarError } from "../grammar/grammar-error.ts";
import type { CompiledGrammar } from "../grammar/matcher/compiled-grammar.ts";
import { GrammarMatcher } from "../grammar/matcher/grammar-matcher.ts";
import type { TokenTrie } from "../grammar/matcher/token-trie.ts";
import type { TriggerWatch } from "./trigger-watch.ts";

export interface ConstrainedSequenceOptions {
	compiled: CompiledGrammar;
	trie: TokenTrie;
	endTokens: ReadonlySet<number>;
	/** What switches the grammar on, for this sequence alone; null is on from the first token. */
	triggers: TriggerWatch | null;
}

/**
 * What one choice may say next. It lives beside its sequence, not in the engine's memory: a preempted one goes on where it
 * was.
 *
 *     without triggers   matcher from the first token on; when nothing but the end may follow, the choice is complete
 *     with triggers      free -> (a trigger's text is complete) -> matcher -> (it must end) -> free -> ...
 */
export class ConstrainedSequence {
	readonly #options: ConstrainedSequenceOptions;
	/** Null while text is free. */
	#matcher: GrammarMatcher | null;

	constructor(options: ConstrainedSequenceOptions) {
		this.#options = options;
		this.#matcher = options.triggers === null ? this.#begin() : null;
	}

	/** The whole output is there: nothing may follow. */
	get isComplete(): boolean {
		return this.#options.triggers === null && this.#matcher?.mustEnd === true;
	}

	/**
	 * Bans in place what may not come next; `logits` are those of the next token. False when nothing was banned: text is free.
	 * `bansEnd` also bans the end tokens, as long as something else may follow. Throws a GrammarError when nothing may.
	 */
	mask(logits: Float32Array, bansEnd: boolean): boolean {
		const matcher = this.#matcher;
		if (matcher === null) {
			for (const token of this.#options.triggers?.unfitting() ?? [])
				logits[token] = Number.NEGATIVE_INFINITY;
			return false;
		}
		const isOnlyEnd = matcher.mustEnd;
		if (isOnlyEnd && this.#options.endTokens.size === 0)
			throw new GrammarError(
				"impossible",
				"The output is complete, and this model has no token to end it with.",
			);
		banOthers(logits, matcher.allowed());
		if (bansEnd && !isOnlyEnd)
			for (const token of this.#options.endTokens)
				logits[token] = Number.NEGATIVE_INFINITY;
		return true;
	}

	/** Makes the masks of the next token, and of those behind the tokens of a draft; they are cached where they are made. */
	prepare(draft: ArrayLike<number>): void {
		const matcher = this.#matcher;
		if (matcher === null) return;
		matcher.allowed();
		if (draft.length === 0) return;
		const ahead = matcher.fork();
		for (let index = 0; index < draft.length; index++) {
			if (!ahead.accept(draft[index] as number) || ahead.mustEnd) return;
			ahead.allowed();
		}
	}

	/** How many tokens of a guess may come next, one after the other. Never throws: without guesses, text is as good. */
	fittingTokens(guess: ArrayLike<number>): number {
		if (this.#matcher === null) return guess.length;
		let count = 0;
		try {
			const ahead = this.#matcher.fork();
			while (count < guess.length && ahead.accept(guess[count] as number))
				count++;
			return count;
		} catch {
			// What it has failed with is said when the sequence itself comes there.
			return count;
		}
	}

	/** Tells it of the token that was chosen. Throws a GrammarError where it is none of those allowed. */
	accept(token: number): void {
		const { triggers, endTokens } = this.#options;
		if (this.#matcher === null) {
			if (endTokens.has(token)) return;
			const rest = triggers?.push(token) ?? null;
			if (rest === null) return;
			this.#matcher = this.#begin();
			if (rest.length > 0 && !this.#matcher.acceptBytes(rest))
				throw nothingAllowed();
		} else if (!this.#matcher.accept(token)) throw nothingAllowed();
		if (triggers !== null && this.#matcher.mustEnd && !endTokens.has(token)) {
			this.#matcher = null;
			triggers.restart();
		}
	}

	#begin(): GrammarMatcher {
		const { compiled, trie, endTokens } = this.#options;
		return new GrammarMatcher(compiled, trie, endTokens);
	}
}

/** Happens when everything that is allowed was banned by other means: better no text than one that breaks its word. */
export const nothingAllowed = () =>
	new GrammarError(
		"impossible",
		"No token that the constraint allows could be chosen here: 'logit_bias' or 'stop_token_ids' together with 'min_tokens' ban them all.",
	);

/** `allowed` is a bitset: whole words of it are passed over, or banned, at once. */
function banOthers(logits: Float32Array, allowed: Uint32Array): void {
	const size = logits.length;
	let bannedFrom = -1;
	for (let word = 0; word < allowed.length; word++) {
		const bits = allowed[word] as number;
		const first = word * 32;
		if (bits === 0) {
			if (bannedFrom < 0) bannedFrom = first;
			continue;
		}
		if (bannedFrom >= 0) {
			logits.fill(Number.NEGATIVE_INFINITY, bannedFrom, first);
			bannedFrom = -1;
		}
		if (bits === 0xff_ff_ff_ff) continue;
		const past = Math.min(first + 32, size);
		for (let token = first; token < past; token++)
			if (((bits >>> (token - first)) & 1) === 0)
				logits[token] = Number.NEGATIVE_INFINITY;
	}
	const known = Math.min(size, allowed.length * 32);
	logits.fill(Number.NEGATIVE_INFINITY, bannedFrom < 0 ? known : bannedFrom);
}
