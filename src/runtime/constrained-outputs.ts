import type { Engine } from "../engine/engine.ts";
import {
	type CompiledGrammar,
	compileGrammar,
} from "../grammar/matcher/compiled-grammar.ts";
import { GrammarMatcher } from "../grammar/matcher/grammar-matcher.ts";
import { TokenTrie } from "../grammar/matcher/token-trie.ts";
import { ConstrainedSequence } from "./constrained-sequence.ts";
import type { SubmittedGrammar } from "./engine-protocol.ts";
import { TriggerTokens, TriggerWatch } from "./trigger-watch.ts";

interface KnownGrammar {
	compiled: CompiledGrammar;
	triggers: TriggerTokens | null;
}

/** Grammars whose states and masks are kept for the next request with the same one. */
const maxKnownGrammars = 64;

/** The grammars of the engine process: made ready once, shared by all sequences with the same one. */
export class ConstrainedOutputs {
	readonly #engine: Engine;
	readonly #now: () => number;
	readonly #known = new Map<string, KnownGrammar>();
	/** Built for the first grammar: most services never see one. */
	#trie: TokenTrie | null = null;
	#seconds = 0;
	#tokens = 0;

	/** `now` gives monotonic milliseconds. */
	constructor(engine: Engine, now: () => number) {
		this.#engine = engine;
		this.#now = now;
	}

	/** Throws a GrammarError where the grammar can't be followed. */
	create(grammar: SubmittedGrammar): ConstrainedSequence {
		return this.timed(() => {
			const trie = this.#vocabulary();
			const { compiled, triggers } = this.#of(grammar, trie);
			return new ConstrainedSequence({
				compiled,
				trie,
				endTokens: this.#engine.vocabulary.endOfGenerationTokens,
				triggers: triggers && new TriggerWatch(triggers),
			});
		});
	}

	/** Builds what all grammars need, so that the first request with one doesn't wait for it. */
	warm(): void {
		this.#vocabulary();
	}

	/** Everything that constraints cost goes through here. */
	timed<Result>(work: () => Result): Result {
		const from = this.#now();
		try {
			return work();
		} finally {
			this.#seconds += (this.#now() - from) / 1000;
		}
	}

	countToken(): void {
		this.#tokens++;
	}

	/** What they cost since the last call. */
	takeCosts(): { constraintSeconds: number; constrainedTokens: number } {
		const costs = {
			constraintSeconds: this.#seconds,
			constrainedTokens: this.#tokens,
		};
		this.#seconds = 0;
		this.#tokens = 0;
		return costs;
	}

	#vocabulary(): TokenTrie {
		const { vocabulary } = this.#engine;
		this.#trie ??= new TokenTrie(vocabulary.size, (token) =>
			vocabulary.endOfGenerationTokens.has(token)
				? null
				: vocabulary.tokenBytes(token, false),
		);
		return this.#trie;
	}

	#of(
		{ key, grammar, triggers }: SubmittedGrammar,
		trie: TokenTrie,
	): KnownGrammar {
		const known = this.#known.get(key);
		this.#known.delete(key);
		const entry = known ?? this.#make(grammar, triggers, trie);
		this.#known.set(key, entry);
		for (const oldest of this.#known.keys()) {
			if (this.#known.size <= maxKnownGrammars) break;
			this.#known.delete(oldest);
		}
		return entry;
	}

	#make(
		grammar: SubmittedGrammar["grammar"],
		triggers: SubmittedGrammar["triggers"],
		trie: TokenTrie,
	): KnownGrammar {
		const { vocabulary } = this.#engine;
		const compiled = compileGrammar(grammar);
		if (triggers === null) return { compiled, triggers: null };
		// Triggers are often control tokens, which have no text but for this.
		const tokenBytes = (token: number) => vocabulary.tokenBytes(token, true);
		const fits = (rest: Uint8Array) =>
			new GrammarMatcher(compiled, trie, []).acceptBytes(rest);
		return {
			compiled,
			triggers: new TriggerTokens(triggers, vocabulary.size, tokenBytes, fits),
		};
	}
}
