import { GrammarError } from "../grammar-error.ts";
import type { CompiledGrammar } from "./compiled-grammar.ts";
import { allowedFrom, type Place, stepFrom } from "./distinct-words.ts";
import type { State } from "./frame.ts";
import type { Machine } from "./machine.ts";
import { setBit } from "./terminal-tokens.ts";
import type { TokenTrie } from "./token-trie.ts";

const maxForcedBytes = 1_024;

/** Where a matcher stands. */
interface Standing {
	readonly place: Place;
	readonly hasEnded: boolean;
}

interface KnownMask {
	readonly place: Place;
	readonly mask: Uint32Array;
}

/** Follows one text through a grammar, token by token. */
export class GrammarMatcher {
	readonly #compiled: CompiledGrammar;
	readonly #machine: Machine;
	readonly #endTokens: readonly number[];
	#place: Place;
	#hasEnded = false;
	/** Of where it stands now, or stood: asked for more than once a step. */
	#mask: KnownMask | null = null;

	/** `endTokens` end the text wherever the grammar may end, whatever text they have. */
	constructor(
		compiled: CompiledGrammar,
		trie: TokenTrie,
		endTokens: Iterable<number>,
		from?: Standing,
	) {
		this.#compiled = compiled;
		this.#machine = compiled.machineFor(trie);
		this.#endTokens = [...endTokens];
		this.#place = from?.place ?? {
			state: this.#machine.start(),
			words: null,
		};
		this.#hasEnded = from?.hasEnded ?? false;
	}

	/**
	 * The tokens that may come next, as a bitset over the vocabulary (token t is bit t % 32 of word t >> 5). It may be shared
	 * between calls and matchers: it is not to be changed.
	 */
	allowed(): Uint32Array {
		if (this.#hasEnded) return this.#withEndTokens(null);
		const { state } = this.#current();
		const isOnlyEnd = state.threads.length === 0;
		const mask = isOnlyEnd ? null : this.#allowed();
		if (state.canEnd) return this.#withEndTokens(mask);
		if (mask === null || !mask.some((word) => word !== 0))
			throw new GrammarError(
				"impossible",
				"The text cannot go on: no token of this model's vocabulary fits the constraint here.",
			);
		return mask;
	}

	/** False, and nothing has changed, when the token is not allowed. */
	accept(token: number): boolean {
		if (this.#endTokens.includes(token)) {
			if (!this.canEnd) return false;
			this.#hasEnded = true;
			return true;
		}
		const bytes = this.#machine.trie.bytesOf(token);
		return bytes.length > 0 && this.acceptBytes(bytes);
	}

	acceptText(text: string): boolean {
		return this.acceptBytes(new TextEncoder().encode(text));
	}

	/** All or nothing. */
	acceptBytes(bytes: Uint8Array): boolean {
		if (this.#hasEnded) return false;
		let place: Place | null = this.#current();
		for (const byte of bytes) {
			place = stepFrom(this.#machine, place, byte);
			if (place === null) return false;
		}
		this.#place = place;
		return true;
	}

	/** The text so far is a whole text of the grammar. */
	get canEnd(): boolean {
		return this.#hasEnded || this.#place.state.canEnd;
	}

	/** Nothing but the end may follow. */
	get mustEnd(): boolean {
		return this.#hasEnded || this.#place.state.threads.length === 0;
	}

	/** What has to come next, whatever the model would choose; whole characters, often nothing. */
	forcedText(): string {
		if (this.#hasEnded) return "";
		const bytes: number[] = [];
		let { state }: { state: State | null } = this.#current();
		while (state !== null && bytes.length < maxForcedBytes) {
			const byte: number | null = this.#machine.forcedByte(state);
			if (byte === null) break;
			bytes.push(byte);
			state = this.#machine.step(state, byte);
		}
		const wholeLength = wholeCharacters(bytes);
		return new TextDecoder("utf-8", { ignoreBOM: true }).decode(
			Uint8Array.from(bytes.slice(0, wholeLength)),
		);
	}

	/** Another matcher at the same place; costs nothing, as all state is shared and none is changed. */
	fork(): GrammarMatcher {
		const { trie } = this.#machine;
		const standing = { place: this.#place, hasEnded: this.#hasEnded };
		return new GrammarMatcher(this.#compiled, trie, this.#endTokens, standing);
	}

	#allowed(): Uint32Array {
		if (this.#mask?.place === this.#place) return this.#mask.mask;
		const mask = allowedFrom(this.#machine, this.#place);
		this.#mask = { place: this.#place, mask };
		return mask;
	}

	#current(): Place {
		const { state, words } = this.#place;
		const current = this.#machine.current(state);
		if (current !== state) this.#place = { state: current, words };
		return this.#place;
	}

	#withEndTokens(mask: Uint32Array | null): Uint32Array {
		const { maskWords, vocabularySize } = this.#machine.trie;
		const copy = mask === null ? new Uint32Array(maskWords) : mask.slice();
		for (const token of this.#endTokens)
			if (token >= 0 && token < vocabularySize) setBit(copy, token);
		return copy;
	}
}

/** How many of the bytes are whole characters. */
function wholeCharacters(bytes: readonly number[]): number {
	for (let back = 1; back <= 3 && back <= bytes.length; back++) {
		const byte = bytes[bytes.length - back] as number;
		if (byte < 0x80) break;
		if (byte < 0xc0) continue;
		const length = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
		return length > back ? bytes.length - back : bytes.length;
	}
	return bytes.length;
}
