import type { Engine } from "../engine/engine.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { Sequence } from "../scheduler/sequence.ts";
import type { EndedSequence, StepPlan } from "../scheduler/step-plan.ts";
import type { ConstrainedOutputs } from "./constrained-outputs.ts";
import {
	type LiveSequence,
	promptLogprobs,
	sampleToken,
} from "./live-sequence.ts";
import { StepFindings } from "./step-reporter.ts";

interface Sampling {
	engine: Engine;
	scheduler: Scheduler;
	live: ReadonlyMap<Sequence, LiveSequence>;
	constrained: ConstrainedOutputs;
}

export interface SampledStep {
	findings: StepFindings;
	ended: readonly EndedSequence[];
	/** Requests whose constraint could not be followed, and why: they end here, others go on. */
	failures: ReadonlyMap<number, unknown>;
}

/** While the engine computes, this thread has nothing else to do: what constrained sequences may say next is known before the logits are. */
export function prepareMasks(
	{ live, constrained }: Pick<Sampling, "live" | "constrained">,
	{ entries }: StepPlan,
): void {
	for (const { sequence, samples, draft } of entries) {
		const constraint = live.get(sequence)?.constraint ?? null;
		if (constraint === null || !samples) continue;
		try {
			constrained.timed(() => constraint.prepare(draft));
		} catch {
			// The engine computes: what goes wrong here goes wrong again, and is dealt with, when the sequence samples.
		}
	}
}

/** Takes the outcome of a computed step: log-probabilities of prompts, and the next tokens of those who have come so far. */
export function sampleStep(
	{ engine, scheduler, live, constrained }: Sampling,
	plan: StepPlan,
): SampledStep {
	const findings = new StepFindings();
	const failures = new Map<number, unknown>();
	const offsets = new Map<Sequence, number>();
	let offset = 0;
	for (const entry of plan.entries) {
		const { sequence } = entry;
		offsets.set(sequence, offset);
		if (entry.wantsAllLogits) {
			const of = live.get(sequence) as LiveSequence;
			const entries = promptLogprobs(engine, entry, of, offset);
			const { request, choice } = sequence.spec;
			if (entries !== null)
				findings.promptLogprobs.push({ number: request, choice, entries });
		}
		offset += entry.count;
	}
	const ended = scheduler.commit(
		plan,
		({ sequence }, index) => {
			const of = live.get(sequence) as LiveSequence;
			const row = (offsets.get(sequence) as number) + index;
			try {
				const sampled = sampleToken(engine, sequence, of, row, constrained);
				findings.addToken(sequence, sampled.token, sampled.logprob);
				return sampled.token;
			} catch (thrown) {
				if (of.constraint === null) throw thrown;
				failures.set(sequence.spec.request, thrown);
				return null;
			}
		},
		(sequence) => live.get(sequence)?.constraint?.isComplete ?? false,
	);
	return { findings, ended, failures };
}
