import { AdapterTerms } from "./adapter-terms.ts";
import { type CommonPrefixes, createCommonPrefixes } from "./common-prefix.ts";
import type { KvLedger } from "./kv-ledger.ts";
import type { ReusablePrefix } from "./reusable-prefix.ts";
import type { SchedulerLimits } from "./scheduler-limits.ts";
import type { Sequence, WaitReason } from "./sequence.ts";
import type { WaitingQueue } from "./waiting-queue.ts";

/** However long its answer has become, a sequence is expected to go on for so many tokens. */
const leastExpectedTokens = 16;
const firstExpectedTokens = 64;

/** Sequences that wait for one prefix, or for several. */
export interface AwaitedPrefix {
	sequences: number;
	/** The longest prefix that one of them waits for. */
	sharedTokens: number;
	/** Of all of them together, and without what they wait for. */
	allTokens: number;
	ownTokens: number;
}

const noneAwaits: AwaitedPrefix = Object.freeze({
	sequences: 0,
	sharedTokens: 0,
	allTokens: 0,
	ownTokens: 0,
});

/** Decides who may begin: who is next, what it can reuse, and whether it fits beside those that run. */
export class Admission {
	readonly #limits: SchedulerLimits;
	readonly #ledger: KvLedger;
	readonly #queue: WaitingQueue;
	readonly #terms: AdapterTerms;
	readonly #commonPrefixes: CommonPrefixes = createCommonPrefixes();
	#awaiting: AwaitedPrefix = noneAwaits;
	/** Generated tokens of a sequence, exponential average: how much a newcomer will probably need. */
	#expectedTokens: number;

	constructor(limits: SchedulerLimits, ledger: KvLedger, queue: WaitingQueue) {
		this.#limits = limits;
		this.#ledger = ledger;
		this.#queue = queue;
		this.#terms = new AdapterTerms(
			queue,
			limits.maxSequences,
			limits.maxAdapters ?? Number.POSITIVE_INFINITY,
		);
		this.#expectedTokens = limits.expectedTokens ?? firstExpectedTokens;
	}

	/** Of the sequences that wait for a prefix since the last `admit`: what they will have in common. */
	get awaiting(): AwaitedPrefix {
		return this.#awaiting;
	}

	/** A sequence ended by itself. */
	learn(generatedTokens: number): void {
		this.#expectedTokens += 0.05 * (generatedTokens - this.#expectedTokens);
	}

	/**
	 * Lets newcomers in while fewer run than may, and their tokens, with what they will probably generate, fit beside those
	 * that run. Nobody overtakes somebody who waits for memory; who waits for a prefix that is being computed is passed by.
	 * Gives those that have begun.
	 */
	admit(alreadyRunning: readonly Sequence[]): Sequence[] {
		const running = [...alreadyRunning];
		const passed = new Set<Sequence>();
		let awaiting = noneAwaits;
		let reason: WaitReason = "slot";
		let promised = running.reduce(
			(cells, sequence) => cells + this.#growth(sequence),
			0,
		);
		while (running.length < this.#limits.maxSequences) {
			const sequence = this.#terms.next(passed, running);
			if (sequence === null) break;
			const prefix = this.#findPrefix(sequence);
			const awaited = this.#awaitedTokens(sequence, prefix.length, running);
			if (awaited > 0) {
				sequence.waitsFor = "prefix";
				passed.add(sequence);
				awaiting = {
					sequences: awaiting.sequences + 1,
					sharedTokens: Math.max(awaiting.sharedTokens, awaited),
					allTokens: awaiting.allTokens + sequence.length,
					ownTokens: awaiting.ownTokens + sequence.length - awaited,
				};
				continue;
			}
			const isAlone = running.length === 0;
			const need = promised + this.#need(sequence, prefix);
			if (!isAlone && need > this.#ledger.availableCells) {
				reason = "memory";
				break;
			}
			if (!this.#begin(sequence, prefix)) break;
			this.#terms.began(sequence);
			promised += this.#growth(sequence);
			running.push(sequence);
		}
		this.#awaiting = awaiting;
		for (const sequence of this.#queue.sequences)
			if (!passed.has(sequence)) sequence.waitsFor = reason;
		return running.slice(alreadyRunning.length);
	}

	#findPrefix(sequence: Sequence): ReusablePrefix {
		const { namespace, wantsPromptLogits } = sequence.spec;
		// The last token is always computed: its logits give the next one.
		const most = wantsPromptLogits ? 0 : sequence.length - 1;
		return this.#ledger.find(namespace, sequence.tokens, most);
	}

	/** Tokens of this sequence that a running one is about to compute beyond what the cache has; 0 when none is. */
	#awaitedTokens(
		sequence: Sequence,
		cached: number,
		running: readonly Sequence[],
	): number {
		const { sharesPrefixes, costs, leastSharedTokens } = this.#limits;
		if (!sharesPrefixes || sequence.spec.wantsPromptLogits) return 0;
		// Who waits already waits for the rest, too.
		const least = sequence.waitsFor === "prefix" ? 1 : leastSharedTokens;
		let awaited = 0;
		for (const other of running) {
			if (other.isDecoding || other.spec.namespace !== sequence.spec.namespace)
				continue;
			const common = this.#commonPrefixes.length(sequence, other);
			const shared = Math.min(common, sequence.length - 1);
			const gain = shared - cached;
			const isWorth =
				shared > other.computedTokens &&
				gain >= least &&
				costs.copySeconds(shared) < costs.prefillSeconds(gain, cached);
			if (isWorth) awaited = Math.max(awaited, shared);
		}
		return awaited;
	}

	#begin(sequence: Sequence, prefix: ReusablePrefix): boolean {
		const { namespace } = sequence.spec;
		const opened = this.#ledger.open(namespace, sequence.tokens, prefix);
		if (opened === null) return false;
		sequence.slot = opened.slot;
		sequence.computedTokens = opened.cachedTokens;
		if (sequence.preemptions === 0) sequence.cachedTokens = opened.cachedTokens;
		this.#queue.remove(sequence);
		this.#queue.charge(sequence, sequence.tokensToCompute);
		return true;
	}

	/** Cells of the unified pool that letting a sequence in takes now and, probably, later; streams have theirs anyway. */
	#need(sequence: Sequence, prefix: ReusablePrefix): number {
		if (this.#limits.kvLayout === "streams") return 0;
		return this.#growth(sequence) - prefix.length + prefix.cells;
	}

	/** Cells that a sequence will take beyond those it has: the rest of its tokens and its probable answer. */
	#growth(sequence: Sequence): number {
		const { contextLength, kvCells, kvLayout } = this.#limits;
		if (kvLayout === "streams") return 0;
		const { generatedTokens, tokensToCompute, length, spec } = sequence;
		const left = Math.min(
			(spec.maxTokens ?? Number.POSITIVE_INFINITY) - generatedTokens,
			Math.min(contextLength, kvCells) - length,
		);
		const expected = Math.max(
			leastExpectedTokens,
			this.#expectedTokens - generatedTokens,
		);
		return tokensToCompute + Math.max(0, Math.ceil(Math.min(left, expected)));
	}
}
