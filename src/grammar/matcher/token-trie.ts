import type { AutomatonData } from "../regular/automaton-data.ts";
import {
	buildTokenTrie,
	type TokenTrieData,
	VocabularyReader,
} from "./build-token-trie.ts";
import { ByteBoundedCache } from "./byte-bounded-cache.ts";
import { TerminalTokens } from "./terminal-tokens.ts";

export interface TokenTrieOptions {
	/** What masks and token sets may take, over all grammars on this vocabulary. */
	maxCacheBytes?: number;
}

interface Scratch {
	readonly found: Uint32Array;
	readonly foundItems: Uint16Array;
	readonly exits: Uint32Array;
	readonly exitItems: Uint16Array;
}

/**
 * The texts of a vocabulary as a trie in flat arrays, depth first: the children of a node follow it, and `skip` is where its
 * subtree ends. Also the owner of what is worth sharing between all grammars on this vocabulary: the token sets of automaton states
 * and the masks.
 */
export class TokenTrie {
	readonly vocabularySize: number;
	/** 32-bit words of a bitset over the vocabulary. */
	readonly maskWords: number;
	/** Node 0 is the root; its byte means nothing. */
	readonly byte: Uint8Array;
	readonly depth: Uint16Array;
	readonly skip: Uint32Array;
	/** Tokens that end at node n: `tokens[firstToken[n]]` up to `tokens[firstToken[n + 1]]`. */
	readonly firstToken: Uint32Array;
	readonly tokens: Uint32Array;
	readonly maxTokenBytes: number;
	readonly masks: ByteBoundedCache<number, Uint32Array>;
	readonly #terminalTokens: ByteBoundedCache<string, TerminalTokens>;
	readonly #automata = new Map<number, [AutomatonData, number][]>();
	readonly #bytes: Uint8Array;
	readonly #firstByte: Uint32Array;
	#scratch: Scratch | null = null;
	#hasCommaBelow: Uint8Array | null = null;
	#nextId = 0;

	private constructor(
		data: TokenTrieData,
		{ maxCacheBytes = 64 * 2 ** 20 }: TokenTrieOptions,
	) {
		this.vocabularySize = data.firstByte.length - 1;
		this.maskWords = (this.vocabularySize + 31) >>> 5;
		this.masks = new ByteBoundedCache(maxCacheBytes / 2);
		this.#terminalTokens = new ByteBoundedCache(maxCacheBytes / 2);
		this.#bytes = data.bytes;
		this.#firstByte = data.firstByte;
		this.byte = data.byte;
		this.depth = data.depth;
		this.skip = data.skip;
		this.firstToken = data.firstToken;
		this.tokens = data.tokens;
		this.maxTokenBytes = data.maxTokenBytes;
	}

	/** What `buildTokenTrie` has made, in whatever thread. */
	static from(data: TokenTrieData, options: TokenTrieOptions = {}): TokenTrie {
		return new TokenTrie(data, options);
	}

	/** Tokens for which `tokenBytes` gives null or nothing (control tokens) are never allowed. */
	static of(
		vocabularySize: number,
		tokenBytes: (token: number) => Uint8Array | null,
		options: TokenTrieOptions = {},
	): TokenTrie {
		const reader = new VocabularyReader(vocabularySize, tokenBytes);
		const texts = reader.read(vocabularySize);
		if (texts === null) throw new TypeError("All tokens were read.");
		return TokenTrie.from(buildTokenTrie(texts), options);
	}

	/** 1 for nodes above some node whose byte is a comma. */
	get hasCommaBelow(): Uint8Array {
		this.#hasCommaBelow ??= this.#findCommas();
		return this.#hasCommaBelow;
	}

	/** Takes the tokens at a node and below it out of a bitset. */
	clearSubtree(node: number, mask: Uint32Array): void {
		const past = this.firstToken[this.skip[node] as number] as number;
		for (let place = this.firstToken[node] as number; place < past; place++) {
			const token = this.tokens[place] as number;
			const word = token >>> 5;
			mask[word] = (mask[word] as number) & ~(1 << (token & 31));
		}
	}

	#findCommas(): Uint8Array {
		const found = new Uint8Array(this.nodeCount);
		const path = [0];
		for (let node = 1; node < this.nodeCount; node++) {
			const level = this.depth[node] as number;
			path[level] = node;
			if (this.byte[node] !== comma) continue;
			for (let above = level - 1; above >= 0; above--) {
				if (found[path[above] as number] === 1) break;
				found[path[above] as number] = 1;
			}
		}
		return found;
	}

	get nodeCount(): number {
		return this.byte.length;
	}

	/** Without the caches. */
	get byteLength(): number {
		const parts = [this.byte, this.depth, this.skip, this.firstToken];
		const others = [this.tokens, this.#bytes, this.#firstByte];
		return [...parts, ...others].reduce(
			(sum, { byteLength }) => sum + byteLength,
			0,
		);
	}

	/** What the caches hold now; at most `maxCacheBytes`. */
	get cacheBytes(): number {
		return this.masks.bytes + this.#terminalTokens.bytes;
	}

	/** Empty for tokens that are never allowed. */
	bytesOf(token: number): Uint8Array {
		return this.#bytes.subarray(
			this.#firstByte[token] ?? 0,
			this.#firstByte[token + 1] ?? 0,
		);
	}

	/** Room for one walk over the trie, made once. */
	scratch(): Scratch {
		this.#scratch ??= {
			found: new Uint32Array(this.tokens.length),
			foundItems: new Uint16Array(this.tokens.length),
			exits: new Uint32Array(this.nodeCount),
			exitItems: new Uint16Array(this.nodeCount),
		};
		return this.#scratch;
	}

	newId(): number {
		return this.#nextId++;
	}

	/** The number by which the token sets of an automaton are known: the same for equal automata, whatever grammar they are in. */
	idOf(automaton: AutomatonData): number {
		const hash = hashOf(automaton);
		const candidates = this.#automata.get(hash) ?? [];
		for (const [candidate, id] of candidates)
			if (isSame(candidate, automaton)) return id;
		if (this.#automata.size > maxSharedAutomata) this.#automata.clear();
		const id = this.newId();
		this.#automata.set(hash, [...candidates, [automaton, id]]);
		return id;
	}

	terminalTokens(
		automaton: AutomatonData,
		id: number,
		state: number,
		isCounted: boolean,
	): TerminalTokens {
		const key = `${id}:${state}:${isCounted}`;
		const known = this.#terminalTokens.get(key);
		if (known !== undefined) return known;
		const made = new TerminalTokens(this, automaton, state, isCounted);
		this.#terminalTokens.set(key, made, made.byteLength);
		return made;
	}
}

const comma = 0x2c;

const maxSharedAutomata = 4_096;

function hashOf({ classes, transitions, accepting }: AutomatonData): number {
	let hash = accepting.length;
	for (const items of [classes, accepting, transitions])
		for (let index = 0; index < items.length; index++)
			hash = (Math.imul(hash, 0x01_00_01_93) ^ (items[index] as number)) | 0;
	return hash;
}

function isSame(left: AutomatonData, right: AutomatonData): boolean {
	if (left === right) return true;
	const pairs = [
		[left.classes, right.classes],
		[left.accepting, right.accepting],
		[left.transitions, right.transitions],
	] as const;
	return (
		left.start === right.start &&
		pairs.every(
			([first, second]) =>
				first.length === second.length &&
				first.every((item, index) => item === second[index]),
		)
	);
}
