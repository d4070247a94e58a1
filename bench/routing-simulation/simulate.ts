import {
	chooseReplica,
	type ReplicaLoad,
} from "../../src/gateway/routing/choose-replica.ts";
import {
	PrefixMap,
	prefixHashes,
} from "../../src/gateway/routing/prefix-map.ts";

export interface SimulatedLoad {
	name: string;
	/** System prompts. */
	prefixes: number;
	/** How often each is used: all the same, or falling off as 1/rank. */
	use: "equal" | "1/rank";
	prefixTokens: number;
	/** New conversations a second. */
	conversationsPerSecond: number;
	turns: number;
	userTokens: number;
	outputTokens: number;
	seconds: number;
}

export interface SimulatedReplicas {
	count: number;
	/** Tokens of ended sequences that a replica keeps, the longest unused going first. */
	cacheTokens: number;
	prefillTokensPerSecond: number;
	stepSeconds: number;
}

export type Policy = "random" | "least outstanding" | "prefix-affine";

export interface SimulatedResult {
	requests: number;
	/** Of all prompt tokens, those that were not computed again. */
	hitShare: number;
	ttftSeconds: number[];
	/** Requests of the replica that got most, in parts of an even share. */
	imbalance: number;
}

/** Of prompts, in tokens: as the gateway's prefix map has them, in bytes. */
const blockTokens = 64;
const bytesPerToken = 4;
const leastTokens = 50;
const thinkSeconds = 8;

/** One engine: prompts are computed one after the other, answers side by side. */
class Replica {
	readonly id: string;
	readonly #cacheBlocks: number;
	/** Blocks by the hash of all up to their end; insertion order is order of use. */
	readonly #cache = new Set<number>();
	freeAt = 0;
	outstandingTokens = 0;
	requests = 0;

	constructor(id: string, { cacheTokens }: SimulatedReplicas) {
		this.id = id;
		this.#cacheBlocks = Math.floor(cacheTokens / blockTokens);
	}

	/** Tokens of the prompt that it has; from now on it has all of them. */
	take(blocks: readonly number[]): number {
		let cached = 0;
		while (cached < blocks.length && this.#cache.has(blocks[cached] as number))
			cached++;
		// The end goes first where room is needed: a beginning is of use without it, not the other way round.
		for (const block of [...blocks].reverse()) {
			this.#cache.delete(block);
			this.#cache.add(block);
		}
		for (const block of this.#cache) {
			if (this.#cache.size <= this.#cacheBlocks) break;
			this.#cache.delete(block);
		}
		return cached * blockTokens;
	}
}

interface Conversation {
	text: string;
	turn: number;
	number: number;
}

interface Event {
	at: number;
	happen(): void;
}

export function simulate(
	load: SimulatedLoad,
	shape: SimulatedReplicas,
	policy: Policy,
	seed: number,
	worth?: number,
): SimulatedResult {
	const random = createRandom(seed);
	/** The gateway's own draws: the load is the same for every policy. */
	const draw = createRandom(seed + 1);
	const replicas = Array.from(
		{ length: shape.count },
		(_, number) => new Replica(String(number), shape),
	);
	const map = new PrefixMap();
	const events = new EventQueue();
	const result: SimulatedResult = {
		requests: 0,
		hitShare: 0,
		ttftSeconds: [],
		imbalance: 0,
	};
	let promptTokens = 0;
	let cachedTokens = 0;

	const choose = (hashes: readonly number[]) => {
		const loads: ReplicaLoad[] = replicas.map(({ id, outstandingTokens }) => ({
			id,
			outstandingTokens,
			isReady: true,
		}));
		const known = new Map<string, number>();
		if (policy === "prefix-affine")
			for (const [id, bytes] of map.lookup(hashes))
				known.set(id, bytes / bytesPerToken);
		const id =
			policy === "random"
				? String(Math.floor(draw() * replicas.length))
				: chooseReplica(loads, known, draw(), worth);
		const replica = replicas[Number(id)] as Replica;
		return { replica, known: known.get(replica.id) ?? 0 };
	};

	const ask = (conversation: Conversation, at: number) => {
		conversation.turn++;
		conversation.text += words(
			`user ${conversation.number} ${conversation.turn} `,
			load.userTokens,
		);
		const prompt = Buffer.from(conversation.text);
		const hashes = prefixHashes(prompt, "model", Number.POSITIVE_INFINITY);
		const tokens = prompt.length / bytesPerToken;
		const { replica, known } = choose(hashes.slice(0, 64));
		map.add(hashes.slice(0, 64), replica.id);
		const cost = Math.max(leastTokens, tokens - known);
		replica.outstandingTokens += cost;
		replica.requests++;
		const start = Math.max(at, replica.freeAt);
		const cached = replica.take(hashes);
		replica.freeAt = start + (tokens - cached) / shape.prefillTokensPerSecond;
		const firstAt = replica.freeAt + shape.stepSeconds;
		const endAt = firstAt + load.outputTokens * shape.stepSeconds;
		promptTokens += tokens;
		cachedTokens += cached;
		result.requests++;
		result.ttftSeconds.push(firstAt - at);
		events.add(endAt, () => {
			replica.outstandingTokens -= cost;
			conversation.text += words(
				`answer ${conversation.number} ${conversation.turn} `,
				load.outputTokens,
			);
		});
		if (conversation.turn < load.turns) {
			const next = endAt + exponential(random(), thinkSeconds);
			events.add(next, () => ask(conversation, next));
		}
	};

	const pick = createPick(load);
	let at = 0;
	for (let number = 0; ; number++) {
		at += exponential(random(), 1 / load.conversationsPerSecond);
		if (at > load.seconds) break;
		const prefix = pick(random());
		const text = words(`system ${prefix} `, load.prefixTokens);
		const startAt = at;
		events.add(startAt, () => ask({ text, turn: 0, number }, startAt));
	}
	events.run();
	result.hitShare = cachedTokens / promptTokens;
	result.imbalance =
		(Math.max(...replicas.map(({ requests }) => requests)) * shape.count) /
		result.requests;
	return result;
}

function words(seed: string, tokens: number): string {
	const bytes = tokens * bytesPerToken;
	return seed.repeat(Math.ceil(bytes / seed.length)).slice(0, bytes);
}

/** Times in order; those of one time in the order in which they came. */
class EventQueue {
	readonly #heap: Event[] = [];

	add(at: number, happen: () => void): void {
		const heap = this.#heap;
		let place = heap.length;
		heap.push({ at, happen });
		while (place > 0) {
			const parent = (place - 1) >> 1;
			if ((heap[parent] as Event).at <= at) break;
			heap[place] = heap[parent] as Event;
			place = parent;
		}
		heap[place] = { at, happen };
	}

	run(): void {
		for (let next = this.#take(); next !== null; next = this.#take())
			next.happen();
	}

	#take(): Event | null {
		const heap = this.#heap;
		const first = heap[0];
		const last = heap.pop();
		if (first === undefined || last === undefined) return null;
		if (heap.length === 0) return first;
		let place = 0;
		for (;;) {
			let child = 2 * place + 1;
			if (child >= heap.length) break;
			if (
				child + 1 < heap.length &&
				(heap[child + 1] as Event).at < (heap[child] as Event).at
			)
				child++;
			if ((heap[child] as Event).at >= last.at) break;
			heap[place] = heap[child] as Event;
			place = child;
		}
		heap[place] = last;
		return first;
	}
}

/** mulberry32: the same draws everywhere. */
function createRandom(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}

const exponential = (draw: number, mean: number) => -Math.log(1 - draw) * mean;

function createPick({
	prefixes,
	use,
}: SimulatedLoad): (draw: number) => number {
	const sums: number[] = [];
	let sum = 0;
	for (let rank = 1; rank <= prefixes; rank++) {
		sum += use === "equal" ? 1 : 1 / rank;
		sums.push(sum);
	}
	return (draw) => sums.findIndex((upTo) => draw * sum < upTo);
}
