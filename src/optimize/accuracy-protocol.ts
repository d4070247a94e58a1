import type { EngineOptions } from "../engine/engine.ts";
import type { PackageSearch } from "../engine/llama/packages.ts";
import type { EngineName } from "../runtime/engine-protocol.ts";
import type { AccuracyFigures } from "./figures.ts";
import type { TextPlan } from "./score-text.ts";

/** What the process that measures accuracy and the one that started it say to each other. */

export interface AccuracyOrder {
	engine: EngineName;
	search: PackageSearch;
	options: EngineOptions;
	text: TextPlan;
	/** Where the reference's probabilities lie. */
	referencePath: string;
	/** `record` writes them, `compare` reads them. */
	mode: "record" | "compare";
	/** Tokens of the reference that are kept of each position. */
	topCount: number;
}

export type AccuracyMessage =
	| { type: "progress"; positionsDone: number; positions: number }
	| { type: "result"; figures: AccuracyFigures }
	| { type: "failed"; message: string };
