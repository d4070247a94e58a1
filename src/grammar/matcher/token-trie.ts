import type { AutomatonData } from "../regular/automaton-data.ts";
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
	#nextId = 0;

	/** Tokens for which `tokenBytes` gives null or nothing (control tokens) are never allowed. */
	constructor(
		vocabularySize: number,
		tokenBytes: (token: number) => Uint8Array | null,
		{ maxCacheBytes = 64 * 2 ** 20 }: TokenTrieOptions = {},
	) {
		this.vocabularySize = vocabularySize;
		this.maskWords = (vocabularySize + 31) >>> 5;
		this.masks = new ByteBoundedCache(maxCacheBytes / 2);
		this.#terminalTokens = new ByteBoundedCache(maxCacheBytes / 2);
		const texts: { token: number; bytes: Buffer }[] = [];
		this.#firstByte = new Uint32Array(vocabularySize + 1);
		let byteCount = 0;
		let nodeCount = 1;
		for (let token = 0; token < vocabularySize; token++) {
			const bytes = tokenBytes(token);
			this.#firstByte[token] = byteCount;
			if (bytes === null || bytes.length === 0 || bytes.length > maxDepth)
				continue;
			// The caller may reuse the memory.
			texts.push({ token, bytes: Buffer.from(bytes) });
			byteCount += bytes.length;
		}
		this.#firstByte[vocabularySize] = byteCount;
		this.#bytes = new Uint8Array(byteCount);
		for (const { token, bytes } of texts)
			this.#bytes.set(bytes, this.#firstByte[token]);
		texts.sort((left, right) => left.bytes.compare(right.bytes));
		let previous: Uint8Array = new Uint8Array(0);
		for (const { bytes } of texts) {
			nodeCount += bytes.length - commonLength(previous, bytes);
			previous = bytes;
		}
		this.byte = new Uint8Array(nodeCount);
		this.depth = new Uint16Array(nodeCount);
		this.skip = new Uint32Array(nodeCount);
		this.firstToken = new Uint32Array(nodeCount + 1);
		this.tokens = Uint32Array.from(texts, ({ token }) => token);
		this.maxTokenBytes = this.#fill(texts.map(({ bytes }) => bytes));
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

	#fill(sorted: readonly Uint8Array[]): number {
		let maxTokenBytes = 0;
		let node = 0;
		const path: number[] = [0];
		for (const [index, bytes] of sorted.entries()) {
			maxTokenBytes = Math.max(maxTokenBytes, bytes.length);
			const shared = commonLength(
				sorted[index - 1] ?? new Uint8Array(0),
				bytes,
			);
			while (path.length > shared + 1)
				this.skip[path.pop() as number] = node + 1;
			for (let depth = shared; depth < bytes.length; depth++) {
				node++;
				this.byte[node] = bytes[depth] as number;
				this.depth[node] = depth + 1;
				this.firstToken[node] = index;
				path.push(node);
			}
			this.firstToken[node + 1] = index + 1;
		}
		for (const open of path) this.skip[open] = node + 1;
		this.firstToken[node + 1] = sorted.length;
		return maxTokenBytes;
	}
}

/** No vocabulary has longer tokens that mean anything. */
const maxDepth = 4_096;
const maxSharedAutomata = 4_096;

function commonLength(left: Uint8Array, right: Uint8Array): number {
	const limit = Math.min(left.length, right.length);
	let length = 0;
	while (length < limit && left[length] === right[length]) length++;
	return length;
}

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
