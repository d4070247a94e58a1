import { Drafts } from "./drafts.ts";
import { favouredPrompt, prefillShares } from "./prefill-shares.ts";
import type { SchedulerLimits } from "./scheduler-limits.ts";
import type { Sequence } from "./sequence.ts";
import type { StepCost } from "./step-cost.ts";
import type { PlanEntry } from "./step-plan.ts";
import { type StepWork, type TokenRun, toStepWork } from "./step-work.ts";

/** Until a step's cost is known, prompts are computed in pieces of this size beside decoding sequences. */
const firstPrefillTokens = 64;
/**
 * Prompts get on by at least so many tokens a step, even when decoding alone takes longer than it should. Fewer where somebody
 * asked for a target: then it is kept, and a long prompt waits for it (4,000 tokens beside four streams on two cores, target
 * four steps: with 2 the 99th percentile is 1.2 targets and the first token takes 104 s, with 8 it is 1.9 and 51 s).
 */
const leastPrefillTokens = { byDefault: 8, withTarget: 2 };
/** A step in which nobody decodes may take so many times longer: only newcomers wait for it. */
const patienceWithoutDecoders = { byDefault: 1.25, withTarget: 5 };
/**
 * The default target: some times what decoding alone takes, and not less than a short halt of the streams, since pieces of a
 * prompt cost a pass each: with 0.1 s instead, eight at a time with prompts of 64 to 512 tokens got 3 to 14 % fewer tokens a
 * second and waited up to 2.7 times as long for their first (simulated with measured costs of 135M and 0.5B on two cores);
 */
const targetOverDecode = 3;
const leastTargetSeconds = 0.4;
/** but up to so many times where a whole tile of a prompt then fits in, */
const tileOverDecode = 5;
/** and more when many wait for their first token beside few that decode; seconds. */
const mostTargetSeconds = 1;

/** A padded piece must be this much cheaper. */
const worthwhilePadding = 0.9;

const noDraft = new Int32Array();

/** Fills one step: who decodes, what is guessed, and how much of which prompt is computed beside it. */
export class StepBuilder {
	readonly #limits: SchedulerLimits;
	readonly #stepCost: StepCost;
	readonly #drafts: Drafts;
	#steps = 0;

	constructor(limits: SchedulerLimits, stepCost: StepCost) {
		this.#limits = limits;
		this.#stepCost = stepCost;
		this.#drafts = new Drafts(limits, stepCost);
	}

	/**
	 * Entries of the next step among sequences that may be computed together. `distinctCells`: what all of them hold, shared
	 * tokens counted once.
	 */
	build(
		running: readonly Sequence[],
		availableCells: number,
		distinctCells: number,
	): PlanEntry[] {
		this.#steps++;
		const decoding = running.filter((sequence) => sequence.isDecoding);
		const prefilling = running.filter((sequence) => !sequence.isDecoding);
		const room = {
			tokens: Math.min(this.#limits.maxBatchTokens, availableCells),
			rows: this.#limits.maxLogitRows,
		};
		room.tokens -= decoding.length;
		room.rows -= decoding.length;
		const workOf = (runs: readonly TokenRun[]) =>
			this.#work([...runs, ...decoding.map(decodeRun)], distinctCells);
		const prefills = this.#prefills(prefilling, decoding.length, workOf, room); // 6
		const drafts =
			prefills.length === 0
				? this.#drafts.propose(decoding, workOf, room) // 7
				: new Map<Sequence, Int32Array>();
		const decodes = decoding.map((sequence) =>
			entry(sequence, 1, drafts.get(sequence) ?? noDraft),
		); // 5
		return [...decodes, ...prefills];
	}

	/** The work of a whole step, to learn from what it took. */
	workOf(entries: readonly PlanEntry[], distinctCells: number): StepWork {
		return this.#work(
			entries.map(({ from, count, isPrefill }) => ({
				position: from,
				count,
				isPrefill,
			})),
			distinctCells,
		);
	}

	/** What a step may take while these decode; seconds. */
	targetSeconds(running: readonly Sequence[], distinctCells: number): number {
		const decoding = running.filter((sequence) => sequence.isDecoding);
		const runs = decoding.map(decodeRun);
		return this.#target(
			(more) => this.#work([...runs, ...more], distinctCells),
			decoding.length,
			running.length - decoding.length,
			0,
		);
	}

	heardDraft(sequence: Sequence, drafted: number, accepted: number): void {
		this.#drafts.heard(sequence, drafted, accepted);
	}

	forget(sequence: Sequence): void {
		this.#drafts.forget(sequence);
	}

	#work(runs: readonly TokenRun[], distinctCells: number): StepWork {
		const { attentionTile, kvLayout } = this.#limits;
		const shape = { tile: attentionTile, layout: kvLayout };
		return toStepWork(runs, shape, distinctCells);
	}

	#prefills(
		prefilling: readonly Sequence[],
		decoding: number,
		workOf: (runs: readonly TokenRun[]) => StepWork,
		room: { tokens: number; rows: number },
	): PlanEntry[] {
		if (prefilling.length === 0) return [];
		// By priority, then age.
		const inLine = prefilling.toSorted(
			(left, right) =>
				left.spec.priority - right.spec.priority ||
				left.arrival - right.arrival,
		);
		const budget = this.#prefillBudget(inLine, decoding, workOf, room.tokens);
		let rows = room.rows - inLine.length;
		const wants = inLine.map((sequence) => {
			if (!sequence.spec.wantsPromptLogits) return sequence.tokensToCompute;
			const most = Math.max(1, Math.min(sequence.tokensToCompute, rows));
			rows -= most;
			return most;
		});
		const shares = prefillShares(wants, budget, this.#steps);
		const entries = inLine
			.map((sequence, index) => entry(sequence, shares[index] ?? 0, noDraft))
			.filter(({ count }) => count > 0);
		const used = entries.reduce((tokens, { count }) => tokens + count, 0);
		const padded = this.#pad(entries, decoding, workOf, room.tokens - used);
		const favoured = inLine[favouredPrompt(wants, this.#steps)] as Sequence;
		return this.#alignStreams(padded, favoured);
	}

	/**
	 * Streams are computed in passes of equal length, the shortest first: unequal pieces are cut up, and none of the cuts may be
	 * long enough for a tile. So only pieces as long as that of the prompt whose turn it is go with it.
	 */
	#alignStreams(entries: PlanEntry[], favoured: Sequence): PlanEntry[] {
		const { attentionTile, kvLayout } = this.#limits;
		if (kvLayout === "unified" || attentionTile === 0) return entries;
		const length = entries.find(({ sequence }) => sequence === favoured)?.count;
		return length === undefined
			? entries
			: entries.filter(({ count }) => count === length);
	}

	/**
	 * A piece of a prompt that is too short for a tile is filled up to one where that is cheaper: behind 1,200 tokens of the
	 * 135M shape 48 take 321 ms on a CPU, 64 take 232. Deep in a conversation it halves the time to the first token.
	 */
	#pad(
		entries: PlanEntry[],
		decoding: number,
		workOf: (runs: readonly TokenRun[]) => StepWork,
		room: number,
	): PlanEntry[] {
		const tile = this.#tileTokens(decoding);
		if (tile <= 1 || !this.#stepCost.isLearned) return entries;
		if (this.#limits.kvLayout === "unified" && entries.length > 1)
			return entries;
		let left = room;
		return entries.map((short) => {
			const padding = tile - short.count;
			const end = short.from + tile;
			const isPossible =
				padding > 0 &&
				padding <= left &&
				end <= this.#limits.contextLength &&
				!short.wantsAllLogits;
			if (!isPossible) return short;
			const run = { position: short.from, count: short.count, isPrefill: true };
			const now = this.#stepCost.predict(workOf([run]));
			const padded = this.#stepCost.predict(workOf([{ ...run, count: tile }]));
			if (padded > worthwhilePadding * now) return short;
			left -= padding;
			return { ...short, count: tile, padding };
		});
	}

	/**
	 * As many prompt tokens as keep the step within its target, learned from the steps so far. Where whole tiles fit in,
	 * they do; else what fits below a tile, where each token is dearer.
	 */
	#prefillBudget(
		inLine: readonly Sequence[],
		decoding: number,
		workOf: (runs: readonly TokenRun[]) => StepWork,
		most: number,
	): number {
		if (most <= 0) return 0;
		if (!this.#stepCost.isLearned)
			return Math.min(most, decoding > 0 ? firstPrefillTokens : most);
		const position = (inLine[0] as Sequence).computedTokens;
		const target = this.#target(workOf, decoding, inLine.length, position);
		const isDefault = this.#limits.targetStepSeconds === null;
		const patience = isDefault
			? patienceWithoutDecoders.byDefault
			: patienceWithoutDecoders.withTarget;
		const seconds = decoding > 0 ? target : target * patience;
		const workWith = (count: number) =>
			workOf([{ position, count, isPrefill: true }]);
		const tile = this.#tileTokens(decoding);
		const fitting =
			this.#stepCost.tokensWithin(seconds, Math.max(1, tile), most, workWith) ||
			this.#stepCost.tokensWithin(
				seconds,
				1,
				Math.min(most, tile - 1),
				workWith,
			);
		const { byDefault, withTarget } = leastPrefillTokens;
		const least = isDefault ? byDefault : withTarget;
		return Math.min(most, Math.max(least, fitting));
	}

	#target(
		workOf: (runs: readonly TokenRun[]) => StepWork,
		decoding: number,
		prefilling: number,
		position: number,
	): number {
		const { targetStepSeconds } = this.#limits;
		if (targetStepSeconds !== null) return targetStepSeconds;
		if (!this.#stepCost.isLearned || decoding === 0) return leastTargetSeconds;
		const decodeSeconds = this.#stepCost.predict(workOf([]));
		const usual = Math.max(
			leastTargetSeconds,
			targetOverDecode * decodeSeconds,
		);
		const count = this.#tileTokens(decoding);
		const tileSeconds = this.#stepCost.predict(
			workOf([{ position, count, isPrefill: true }]),
		);
		const isTileBearable = tileSeconds <= tileOverDecode * decodeSeconds;
		const withTile = isTileBearable
			? tileSeconds * (1.01 + this.#stepCost.prefillMargin)
			: 0;
		const crowd = Math.max(1, prefilling / decoding);
		return Math.min(
			Math.max(usual, mostTargetSeconds),
			Math.max(usual, withTile) * crowd,
		);
	}

	/** Prompt tokens of one sequence from which the engine works in tiles, next to so many that decode. */
	#tileTokens(decoding: number): number {
		const { attentionTile, kvLayout } = this.#limits;
		if (attentionTile === 0) return 1;
		if (kvLayout === "unified") return Math.max(1, attentionTile - decoding);
		return attentionTile + (decoding > 0 ? 1 : 0);
	}
}

function decodeRun({ length }: Sequence): TokenRun {
	return { position: length - 1, count: 1, isPrefill: false };
}

function entry(
	sequence: Sequence,
	ownCount: number,
	draft: Int32Array,
): PlanEntry {
	const from = sequence.computedTokens;
	return {
		sequence,
		slot: sequence.slot as number,
		from,
		count: ownCount + draft.length,
		samples: from + ownCount === sequence.length,
		wantsAllLogits:
			sequence.spec.wantsPromptLogits && from < sequence.promptLength,
		draft,
		padding: 0,
		isPrefill: !sequence.isDecoding,
	};
}
