/** The texts of a vocabulary one after the other: token t has `bytes` from `firstByte[t]` up to `firstByte[t + 1]`. */
export interface VocabularyTexts {
	readonly bytes: Uint8Array<ArrayBuffer>;
	readonly firstByte: Uint32Array<ArrayBuffer>;
}

/** A trie in flat arrays, depth first. Plain data: threads may hand it to each other. */
export interface TokenTrieData extends VocabularyTexts {
	/** By node; node 0 is the root, and its byte means nothing. */
	readonly byte: Uint8Array<ArrayBuffer>;
	readonly depth: Uint16Array<ArrayBuffer>;
	/** Where the subtree of a node ends. */
	readonly skip: Uint32Array<ArrayBuffer>;
	/** Tokens that end at node n: `tokens[firstToken[n]]` up to `tokens[firstToken[n + 1]]`. */
	readonly firstToken: Uint32Array<ArrayBuffer>;
	readonly tokens: Uint32Array<ArrayBuffer>;
	readonly maxTokenBytes: number;
}

/** No vocabulary has longer tokens that mean anything. */
const maxDepth = 4_096;

/** Reads the texts of a vocabulary, some tokens at a time: asking for all of them takes a while. */
export class VocabularyReader {
	readonly #size: number;
	readonly #tokenBytes: (token: number) => Uint8Array | null;
	readonly #firstByte: Uint32Array<ArrayBuffer>;
	#bytes: Uint8Array<ArrayBuffer>;
	#byteCount = 0;
	#next = 0;

	/** Tokens for which `tokenBytes` gives null or nothing (control tokens) have no text. */
	constructor(size: number, tokenBytes: (token: number) => Uint8Array | null) {
		this.#size = size;
		this.#tokenBytes = tokenBytes;
		this.#firstByte = new Uint32Array(size + 1);
		this.#bytes = new Uint8Array(8 * size + maxDepth);
	}

	/** Null as long as there are more tokens to read. */
	read(maxTokens: number): VocabularyTexts | null {
		const past = Math.min(this.#size, this.#next + maxTokens);
		for (let token = this.#next; token < past; token++) {
			this.#firstByte[token] = this.#byteCount;
			const text = this.#tokenBytes(token);
			if (text === null || text.length > maxDepth) continue;
			if (this.#byteCount + text.length > this.#bytes.length) {
				const larger = new Uint8Array(2 * this.#bytes.length);
				larger.set(this.#bytes);
				this.#bytes = larger;
			}
			this.#bytes.set(text, this.#byteCount);
			this.#byteCount += text.length;
		}
		this.#next = past;
		if (past < this.#size) return null;
		this.#firstByte[past] = this.#byteCount;
		return {
			bytes: this.#bytes.slice(0, this.#byteCount),
			firstByte: this.#firstByte,
		};
	}
}

export function buildTokenTrie(texts: VocabularyTexts): TokenTrieData {
	const { bytes, firstByte } = texts;
	const tokens = sortedTokens(texts);
	const shared = new Uint16Array(tokens.length);
	let nodeCount = 1;
	let maxTokenBytes = 0;
	let previousFrom = 0;
	let previousLength = 0;
	for (let place = 0; place < tokens.length; place++) {
		const token = tokens[place] as number;
		const from = firstByte[token] as number;
		const length = (firstByte[token + 1] as number) - from;
		const limit = Math.min(length, previousLength);
		let same = 0;
		while (same < limit && bytes[from + same] === bytes[previousFrom + same])
			same++;
		shared[place] = same;
		nodeCount += length - same;
		maxTokenBytes = Math.max(maxTokenBytes, length);
		previousFrom = from;
		previousLength = length;
	}
	const byte = new Uint8Array(nodeCount);
	const depth = new Uint16Array(nodeCount);
	const skip = new Uint32Array(nodeCount);
	const firstToken = new Uint32Array(nodeCount + 1);
	/** The nodes above the last one, root first. */
	const path = new Uint32Array(maxTokenBytes + 1);
	let pathLength = 1;
	let node = 0;
	for (let place = 0; place < tokens.length; place++) {
		const token = tokens[place] as number;
		const from = firstByte[token] as number;
		const length = (firstByte[token + 1] as number) - from;
		const same = shared[place] as number;
		while (pathLength > same + 1) skip[path[--pathLength] as number] = node + 1;
		for (let level = same; level < length; level++) {
			node++;
			byte[node] = bytes[from + level] as number;
			depth[node] = level + 1;
			firstToken[node] = place;
			path[pathLength++] = node;
		}
		firstToken[node + 1] = place + 1;
	}
	while (pathLength > 0) skip[path[--pathLength] as number] = node + 1;
	firstToken[node + 1] = tokens.length;
	return {
		...{ bytes, firstByte, byte, depth, skip, firstToken, tokens },
		maxTokenBytes,
	};
}

/** Fewer are sorted by comparing them. */
const smallGroup = 12;
const keyBytes = 3;
/** Three bytes and the number of a token are exact in a double. */
const tokenRange = 2 ** 29;

/** The tokens that have a text, in the order of their texts: three bytes at a time, each time as plain numbers. */
function sortedTokens({
	bytes,
	firstByte,
}: VocabularyTexts): Uint32Array<ArrayBuffer> {
	const sorted = new Uint32Array(firstByte.length - 1);
	let count = 0;
	for (let token = 0; token < sorted.length; token++)
		if ((firstByte[token + 1] as number) > (firstByte[token] as number))
			sorted[count++] = token;
	const lengthOf = (token: number) =>
		(firstByte[token + 1] as number) - (firstByte[token] as number);
	const compare = (left: number, right: number) => {
		const from = firstByte[left] as number;
		const other = firstByte[right] as number;
		const limit = Math.min(lengthOf(left), lengthOf(right));
		for (let index = 0; index < limit; index++) {
			const difference =
				(bytes[from + index] as number) - (bytes[other + index] as number);
			if (difference !== 0) return difference;
		}
		return lengthOf(left) - lengthOf(right) || left - right;
	};
	const sort = (group: Uint32Array, offset: number): void => {
		if (group.length <= smallGroup) {
			group.sort(compare);
			return;
		}
		const keys = new Float64Array(group.length);
		for (let index = 0; index < group.length; index++) {
			const token = group[index] as number;
			const past = firstByte[token + 1] as number;
			let at = (firstByte[token] as number) + offset;
			let key = 0;
			for (let place = 0; place < keyBytes; place++, at++)
				key = key * 256 + (at < past ? (bytes[at] as number) : 0);
			keys[index] = key * tokenRange + token;
		}
		keys.sort();
		for (let from = 0; from < keys.length; ) {
			const key = Math.floor((keys[from] as number) / tokenRange);
			let past = from;
			while (
				past < keys.length &&
				Math.floor((keys[past] as number) / tokenRange) === key
			) {
				group[past] = (keys[past] as number) % tokenRange;
				past++;
			}
			if (past - from > 1) sortEqual(group.subarray(from, past), offset);
			from = past;
		}
	};
	/** Those that end within the key come first: a missing byte looks like a zero there. */
	const sortEqual = (group: Uint32Array, offset: number): void => {
		const end = offset + keyBytes;
		const done = group.filter((token) => lengthOf(token) <= end);
		const open = group.filter((token) => lengthOf(token) > end);
		group.set(done.sort(compare));
		group.set(open, done.length);
		if (open.length > 1) sort(group.subarray(done.length), end);
	};
	const tokens = sorted.slice(0, count);
	sort(tokens, 0);
	return tokens;
}
