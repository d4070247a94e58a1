import type { Preparation } from "../core/language-service.ts";
import type { Logger } from "../observability/logger.ts";
import {
	describePreparation,
	stageWords,
} from "../observability/preparation.ts";
import type { TextOutput } from "./terminal.ts";
import { createProgressOutput } from "./transfer-progress.ts";

const loggedShare = 0.1;
/** What is done within seconds needs no ten lines. */
const loggedMs = 2000;

/**
 * What the operator sees of a preparation: one line that is written over on a terminal, elsewhere a log line at the beginning of
 * each stage and every ten per cent.
 */
export function createPreparationReport(
	name: string,
	logger: Logger,
	stderr: TextOutput,
	now: () => number = () => performance.now(),
): Disposable & { hear(preparation: Preparation): void } {
	const output = createProgressOutput(name, false, { stdout: stderr, stderr });
	let stage = "";
	let said = 0;
	let saidAt = 0;
	return {
		hear(preparation) {
			const { progress } = preparation;
			const word = stageWords[preparation.stage];
			output.show({ ...preparation, stage: word });
			if (stderr.isTTY === true) return;
			const isNewStage = stage !== preparation.stage;
			const isDue =
				progress !== null &&
				progress - said >= loggedShare &&
				now() - saidAt >= loggedMs;
			if (!isNewStage && !isDue) return;
			stage = preparation.stage;
			said = progress ?? 0;
			saidAt = now();
			logger.info({}, `${name}: ${describePreparation(preparation)}.`);
		},
		[Symbol.dispose]: () => output[Symbol.dispose](),
	};
}
