import type { CodePointRange } from "./utf8.ts";

/** A regular expression, parsed. */
export type RegexNode =
	| { readonly type: "set"; readonly ranges: readonly CodePointRange[] }
	| { readonly type: "sequence"; readonly parts: readonly RegexNode[] }
	| { readonly type: "choice"; readonly parts: readonly RegexNode[] }
	| {
			readonly type: "repeat";
			readonly part: RegexNode;
			readonly min: number;
			readonly max: number | null;
	  }
	| { readonly type: "assertion"; readonly at: "start" | "end" };
