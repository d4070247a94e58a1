import type { AutomatonData } from "./regular/automaton-data.ts";

/** A part of a rule. Plain data: it passes through `structuredClone` and between threads. */
export type Expression =
	| { readonly type: "text"; readonly text: string }
	/** An `Automaton` is such data as it stands. */
	| { readonly type: "regular"; readonly automaton: AutomatonData }
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
