/**
 * How many guessed tokens to compute beside each decoding sequence's next one, and which of them stand.
 *
 * Why guessing changes no text. A draft d1 .. dk is a fixed list, not a random choice. The step computes the logits of
 * every position after the draft's tokens before it. Token 1 is sampled from its true conditional distribution, as it
 * would be without a draft. If it is not d1, everything computed behind it assumed a text that isn't there, and is thrown away;
 * the token stands. If it is d1, the logits of position 2 are those of the text as it now is, so token 2 is
 * sampled from its true conditional distribution too, and so on. By induction every emitted token has the distribution
 * that it has without drafts, whatever the draft: it decides how many tokens a step yields, never which. (Rejection
 * sampling as for a draft model, Leviathan et al. 2023, comes to the same for a draft that puts all probability on one
 * token.) The sampler runs exactly once for each emitted token, in order, so with the same seed the text is the
 * same token for token; with temperature 0 it is the greedy text. What remains is floating point: logits
 * computed in another batch shape may differ in their last bits, as between any two batches.
 *
 * `sample(i)` samples, from the logits behind the first i tokens of the draft, and tells the sampler's history of it.
 * `isLast` stops at a token that ends the sequence. Returns the emitted tokens: those of the draft that stand and one more.
 */
export function verifyDraft(
	draft: ArrayLike<number>,
	sample: (index: number) => number,
	isLast: (token: number) => boolean = () => false,
): number[] {
	const emitted: number[] = [];
	for (let index = 0; index <= draft.length; index++) {
		const token = sample(index);
		emitted.push(token);
		if (token !== draft[index] || isLast(token)) break;
	}
	return emitted;
}

/** What is expected of one sequence's draft in this step. */
export interface DraftChance {
	/** Probability of each drafted token to be right when those before it are. */
	acceptance: number;
	/** Tokens it may draft at most; 0 when it should not. */
	most: number;
}

export interface DraftPrice {
	/**
	 * Seconds of the step with its decoding sequences alone. Leave prefill out: a draft saves later decode steps, never
	 * prefill, so a long prefill in this step must not make drafts look cheap.
	 */
	baseSeconds: number;
	/** Seconds that so many tokens more add. */
	addedSeconds: (tokens: number) => number;
	/** Sequences that decode in this step, with a draft or without: all of them wait for the longer step. */
	decodingSequences: number;
	/** Room in the step for drafted tokens of all sequences. */
	mostTokens: number;
}

/** A plan must promise this much more than none: both of its estimates have errors. */
const worthwhileGain = 1.05;

/**
 * Divides drafts among a step's sequences so that the expected tokens per second of the whole batch are highest:
 *
 *     (decoding sequences + expected accepted tokens) / (base seconds + added seconds)
 *
 * The j-th drafted token of a sequence is worth acceptance^j, which falls with j, and the price depends on the number of
 * tokens only. So the best plan of n tokens takes the n worthiest, and trying every n finds the best of all plans.
 * Returns the length of each chance's draft; all zero when nothing pays.
 */
export function planDrafts(
	chances: readonly DraftChance[],
	price: DraftPrice,
): number[] {
	const { baseSeconds, addedSeconds, decodingSequences } = price;
	const worths = chances.flatMap(({ acceptance, most }, sequence) =>
		Array.from({ length: Math.max(0, most) }, (_, index) => ({
			sequence,
			worth: acceptance ** (index + 1),
		})),
	);
	// Stable: of equals, the earlier sequence and its earlier token come first.
	worths.sort((a, b) => b.worth - a.worth);
	let bestRate = (worthwhileGain * decodingSequences) / baseSeconds;
	let best = 0;
	let tokens = decodingSequences;
	worths.slice(0, Math.max(0, price.mostTokens)).forEach(({ worth }, index) => {
		tokens += worth;
		const rate = tokens / (baseSeconds + addedSeconds(index + 1));
		if (rate <= bestRate) return;
		bestRate = rate;
		best = index + 1;
	});
	const lengths = chances.map(() => 0);
	for (const { sequence } of worths.slice(0, best))
		lengths[sequence] = (lengths[sequence] ?? 0) + 1;
	return lengths;
}

/** Weight of a trial against the next one: about the last seven tokens count. */
const trialMemory = 0.85;
/** How much what is expected without history weighs, in trials. */
const priorTrials = 1;
const firstDraft = 3;
const longestDraft = 32;
const sureMatch = 6;
const probeDraft = 2;
/** What a probe is taken to be worth, so that it is priced like any other draft and left out when the batch is full. */
const probeAcceptance = 0.7;
const firstPause = 2;
const longestPause = 64;
/** A sequence whose drafts did not pay for so many steps is probed, too. */
const idleBeforeProbe = 16;

/**
 * What one sequence's drafts were worth so far, and what to try next:
 *
 * 1. No draft yet: three tokens, hoping more the longer the repetition that the lookup found.
 * 2. Drafts succeed: as many as their acceptance justifies; the limit doubles each time all of them were right.
 * 3. Two drafts in a row failed with their first token: pause 2 steps, then 4, 8, ... 64. After each pause one
 *    probe of two tokens.
 * 4. Not failed, but for 16 steps the price was too high for the acceptance: one probe.
 * 5. A probe succeeds: the text has changed its nature. The failures before it are forgotten.
 *
 * It decides nothing by itself and changes only with what steps brought, so a step that is planned and then not
 * computed leaves no trace.
 */
export class DraftLength {
	#successes = 0;
	#trials = 0;
	#limit = firstDraft;
	#failures = 0;
	/** Steps to wait from the last draft to the next; 0 is none. */
	#pause = 0;
	#idleSteps = 0;

	/** What to expect of a draft now; `matchLength` tokens of the sequence's end were found before it, 0 when none. */
	consider(matchLength: number): DraftChance {
		const acceptance = this.#acceptance(matchLength);
		if (matchLength === 0) return { acceptance, most: 0 };
		if (this.#isProbing)
			return {
				acceptance: Math.max(acceptance, probeAcceptance),
				most: probeDraft,
			};
		const isPausing = this.#idleSteps < this.#pause;
		// A long repetition is seldom chance, and short drafts hardly pay where one more token is another kernel.
		const limit = Math.max(this.#limit, matchLength >= sureMatch ? 8 : 0);
		return { acceptance, most: isPausing ? 0 : limit };
	}

	/** Tell of every step in which the sequence decoded, `drafted` being 0 where it had no draft. */
	observe(drafted: number, accepted: number): void {
		if (drafted <= 0) {
			this.#idleSteps++;
			return;
		}
		if (this.#isProbing && accepted > 0) this.#forget(); // 5
		this.#idleSteps = 0;
		// A wrong token ends the draft: what stood behind it was never tried.
		for (let i = 0; i < accepted; i++) this.#count(1);
		if (accepted < drafted) this.#count(0);
		if (accepted === 0) {
			this.#failures++;
			if (this.#failures >= 2)
				this.#pause = Math.min(
					longestPause,
					Math.max(firstPause, 2 * this.#pause),
				); // 3
			return;
		}
		this.#failures = 0;
		this.#pause = 0;
		if (accepted === drafted && drafted >= this.#limit)
			this.#limit = Math.min(longestDraft, 2 * this.#limit); // 2
	}

	/** Whether the next draft is a probe: it waited long enough, and its own record would not justify it. */
	get #isProbing(): boolean {
		const wait = this.#pause > 0 ? this.#pause : idleBeforeProbe; // 3, 4
		return (
			this.#idleSteps >= wait &&
			this.#successes < probeAcceptance * this.#trials
		);
	}

	#acceptance(matchLength: number): number {
		// 1: three agreeing tokens are often chance, eight hardly ever.
		const prior = Math.min(0.9, 0.4 + 0.075 * matchLength);
		return (
			(this.#successes + priorTrials * prior) / (this.#trials + priorTrials)
		);
	}

	#count(success: 0 | 1): void {
		this.#successes = trialMemory * this.#successes + success;
		this.#trials = trialMemory * this.#trials + 1;
	}

	#forget(): void {
		this.#successes = 0;
		this.#trials = 0;
		this.#limit = firstDraft;
		this.#failures = 0;
	}
}
