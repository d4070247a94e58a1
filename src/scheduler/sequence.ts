/** Why a sequence ended by itself. `stop` also covers stop tokens; stop strings are found outside, where text is. */
export type EndReason = "stop" | "length";

export interface SequenceSpec {
	/** The caller's number of the request; several sequences (choices) may carry the same. */
	request: number;
	choice: number;
	promptTokens: Int32Array;
	/** Tokens to generate at most; null runs to the end of the context. */
	maxTokens: number | null;
	/** End-of-generation and stop tokens do not end the sequence before this many tokens. */
	minTokens: number;
	stopTokenIds: ReadonlySet<number>;
	/** Logits wanted at every prompt position (prompt_logprobs, echo). */
	wantsPromptLogits: boolean;
	/** Lower runs first. */
	priority: number;
	/** Who gets equal shares of the engine. */
	tenant: string;
	/** Sequences of different adapters are never computed in the same step; empty is the base model. */
	adapter: string;
	/** Where `adapter` stands for several at once: which. Without it, `adapter` is the only one. */
	adapterIds?: readonly string[];
	/** Prefixes are shared within a namespace: adapter and salt. */
	namespace: string;
	/** Where not every text may be said: how many of the guessed tokens may come next, one after the other. */
	fittingTokens?: (guess: Int32Array) => number;
}

/** Why a sequence waits: nothing is free for it, or another one is computing the prefix that it needs. */
export type WaitReason = "slot" | "memory" | "prefix";

/**
 * All scheduling state of one choice of one request. The scheduler alone writes it.
 *
 *     tokens   [ prompt ............................ | generated ......... ]
 *              [ computed: in the KV cache ...... | to compute ........... ]
 *                                                  ^ computedTokens
 *
 * A decoding sequence has exactly one token to compute: the one sampled last.
 */
export class Sequence {
	readonly spec: SequenceSpec;
	/** Order of arrival: ties within a priority go to the older one. */
	readonly arrival: number;
	/** The engine's sequence number while running, null while waiting. */
	slot: number | null = null;
	tokens: Int32Array;
	length: number;
	computedTokens = 0;
	/** Of the prompt, found in the prefix cache when it was first admitted. */
	cachedTokens = 0;
	waitsFor: WaitReason = "slot";
	cancelled = false;
	preemptions = 0;

	constructor(spec: SequenceSpec, arrival: number, contextLength: number) {
		this.spec = spec;
		this.arrival = arrival;
		this.length = spec.promptTokens.length;
		const room =
			spec.maxTokens === null
				? contextLength
				: Math.min(contextLength, this.length + spec.maxTokens);
		// Most requests end long before their limit: start small and grow by doubling.
		this.tokens = new Int32Array(Math.min(room, this.length + 256));
		this.tokens.set(spec.promptTokens);
	}

	/** What the engine must hold for it; nothing for the base model. */
	get adapterIds(): readonly string[] {
		const { adapter, adapterIds } = this.spec;
		return adapterIds ?? (adapter === "" ? [] : [adapter]);
	}

	get promptLength(): number {
		return this.spec.promptTokens.length;
	}

	get generatedTokens(): number {
		return this.length - this.promptLength;
	}

	get tokensToCompute(): number {
		return this.length - this.computedTokens;
	}

	get isDecoding(): boolean {
		return this.tokensToCompute === 1 && this.generatedTokens > 0;
	}

	append(token: number): void {
		if (this.length === this.tokens.length) {
			const larger = new Int32Array(this.length * 2);
			larger.set(this.tokens);
			this.tokens = larger;
		}
		this.tokens[this.length++] = token;
	}
}
