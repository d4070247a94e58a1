import type { EngineOptions } from "../../src/engine/engine.ts";
import { measureEngine } from "./measure.ts";

/** A process for each case, so that nothing is left of the case before. It is told its case in one message. */
process.once(
	"message",
	async ({
		options,
		logitRows,
	}: {
		options: EngineOptions;
		logitRows: number;
	}) => {
		process.send?.(await measureEngine(options, logitRows));
	},
);
