import type { AutomatonData } from "./regular/automaton-data.ts";

/** A part of a rule. Plain data: it passes through `structuredClone` and between threads. */
export type Expression =
	| { readonly type: "text"; readonly text: string }
	/** An `Automaton` is such data as it stands. */
	| { readonly type: "regular"; readonly automaton: AutomatonData }
	/** A word of the automaton that is not yet in the list: between its two edges, no word comes twice. */
	| { readonly type: "distinct"; readonly automaton: AutomatonData }
	/** Where such a list begins or ends. Reads nothing; lists don't stand in each other. */
	| { readonly type: "list-edge"; readonly isStart: boolean }
	| { readonly type: "rule"; readonly name: string }
	| { readonly type: "sequence"; readonly parts: readonly Expression[] }
	| { readonly type: "choice"; readonly parts: readonly Expression[] }
	/** `max: null` is without bound. Large bounds cost nothing: they are counted, not written out. */
	| {
			readonly type: "repeat";
			readonly part: Expression;
			readonly min: number;
			readonly max: number | null;
	  };

/** A context-free grammar over texts; its language is what the rule `start` derives. */
export interface Grammar {
	readonly rules: Readonly<Record<string, Expression>>;
	readonly start: string;
}
