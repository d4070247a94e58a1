import fc from "fast-check";
import { expect } from "vitest";
import { feed } from "./conformance-sequences.ts";
import type { Engine } from "./engine.ts";

/** Random operations on sequences, for the property that an engine's memory holds what a list of tokens says. */

export type Operation =
	| { kind: "append"; sequence: number; tokens: number[] }
	| { kind: "copy"; source: number; target: number; share: number }
	| { kind: "cut"; sequence: number; share: number }
	| { kind: "move"; source: number; target: number };

/** Sequence 3 is kept for the comparison. */
export function operation(maxSequences: number): fc.Arbitrary<Operation> {
	const sequence = fc.nat({ max: maxSequences - 2 });
	const share = fc.double({ min: 0, max: 1, noNaN: true });
	const tokens = fc.array(fc.integer({ min: 270, max: 500 }), {
		minLength: 1,
		maxLength: 12,
	});
	return fc.oneof(
		fc.record({ kind: fc.constant("append" as const), sequence, tokens }),
		fc.record({
			kind: fc.constant("copy" as const),
			source: sequence,
			target: sequence,
			share,
		}),
		fc.record({ kind: fc.constant("cut" as const), sequence, share }),
		fc.record({
			kind: fc.constant("move" as const),
			source: sequence,
			target: sequence,
		}),
	);
}

export async function apply(
	engine: Engine,
	maxSequences: number,
	operations: readonly Operation[],
): Promise<number[][]> {
	const held: number[][] = Array.from({ length: maxSequences - 1 }, () => []);
	const of = (sequence: number): number[] => held[sequence] ?? [];
	for (const step of operations) {
		switch (step.kind) {
			case "append":
				await feed(engine, step.sequence, step.tokens, {
					from: of(step.sequence).length,
					chunk: 5,
				});
				held[step.sequence] = [...of(step.sequence), ...step.tokens];
				break;
			case "copy": {
				if (step.source === step.target) break;
				const end = Math.round(step.share * of(step.source).length);
				engine.removeSequence(step.target, 0, -1);
				engine.copySequence(step.source, step.target, 0, end);
				held[step.target] = of(step.source).slice(0, end);
				break;
			}
			case "cut": {
				const end = Math.round(step.share * of(step.sequence).length);
				engine.removeSequence(step.sequence, end, -1);
				held[step.sequence] = of(step.sequence).slice(0, end);
				break;
			}
			case "move": {
				const state = engine.saveSequence(step.source);
				engine.removeSequence(step.source, 0, -1);
				expect(engine.restoreSequence(step.target, state)).toBe(true);
				const moved = of(step.source);
				held[step.source] = [];
				held[step.target] = moved;
				break;
			}
		}
	}
	return held;
}
