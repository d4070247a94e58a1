import type { Engine } from "../engine/engine.ts";
import {
	type CompiledGrammar,
	compileGrammar,
} from "../grammar/matcher/compiled-grammar.ts";
import { GrammarMatcher } from "../grammar/matcher/grammar-matcher.ts";
import type { TokenTrie } from "../grammar/matcher/token-trie.ts";
import { ConstrainedSequence } from "./constrained-sequence.ts";
import type { SubmittedGrammar } from "./engine-protocol.ts";
import { TriggerTokens, TriggerWatch } from "./trigger-watch.ts";
import {
	isSmallVocabulary,
	trieInPlace,
	vocabularyTrie,
} from "./vocabulary-trie.ts";

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
	#trie: TokenTrie | null = null;
	/** Begun at most once. */
	#building: Promise<void> | null = null;
	/** It is tried again where it is needed, so that whoever needs it hears why. */
	#hasFailed = false;
	#seconds = 0;
	#tokens = 0;

	/** `now` gives monotonic milliseconds. */
	constructor(engine: Engine, now: () => number) {
		this.#engine = engine;
		this.#now = now;
	}

	/** Whether sequences can be created: what all grammars need is there, or made in no time. */
	get isReady(): boolean {
		return (
			this.#trie !== null ||
			this.#hasFailed ||
			isSmallVocabulary(this.#engine.vocabulary)
		);
	}

	/** Builds what all grammars need, in a thread of its own: for the first grammar or before it. Never rejects. */
	warm(): Promise<void> {
		if (this.isReady) return Promise.resolve();
		this.#building ??= this.#build();
		return this.#building;
	}

	/** When it is ready. Throws a GrammarError where the grammar can't be followed. */
	create(grammar: SubmittedGrammar): ConstrainedSequence {
		return this.timed(() => {
			this.#trie ??= trieInPlace(this.#engine.vocabulary);
			const trie = this.#trie;
			const { compiled, triggers } = this.#of(grammar, trie);
			return new ConstrainedSequence({
				compiled,
				trie,
				endTokens: this.#engine.vocabulary.endOfGenerationTokens,
				triggers: triggers && new TriggerWatch(triggers),
			});
		});
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

	async #build(): Promise<void> {
		try {
			this.#trie = await vocabularyTrie(this.#engine.vocabulary, {
				timed: (work) => this.timed(work),
			});
		} catch {
			this.#hasFailed = true;
		}
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
