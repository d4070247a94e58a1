import type { Automaton } from "../regular/automaton.ts";
import type { ValueSet } from "./value-set.ts";

const maxBytes = 300;

/** The JSON texts of a set of at most `max` plain values, or null. */
export function finiteValues(set: ValueSet, max: number): string[] | null {
	const values = new Set<string>();
	for (const piece of set) {
		if (piece.type === "array" || piece.type === "object") return null;
		if (piece.type === "number" || piece.type === "string") {
			if (piece.automaton === null) return null;
			if (piece.type === "string" && (piece.min > 0 || piece.max !== null))
				return null;
			const texts = finiteTexts(piece.automaton, max);
			if (texts === null) return null;
			for (const own of texts)
				values.add(piece.type === "string" ? JSON.stringify(own) : own);
		} else values.add(piece.type);
		if (values.size > max) return null;
	}
	return [...values];
}

function finiteTexts(automaton: Automaton, max: number): string[] | null {
	const texts: string[] = [];
	const bytes: number[] = [];
	// Every state but the dead one leads to some text, so that what is not finite soon runs into a limit.
	const visit = (state: number): boolean => {
		if (state === 0) return true;
		if (bytes.length > maxBytes) return false;
		if (automaton.accepting[state] === 1) {
			texts.push(new TextDecoder().decode(Uint8Array.from(bytes)));
			if (texts.length > max) return false;
		}
		for (let byte = 0; byte < 256; byte++) {
			bytes.push(byte);
			const hasEnd = visit(automaton.next(state, byte));
			bytes.pop();
			if (!hasEnd) return false;
		}
		return true;
	};
	return visit(automaton.start) ? texts : null;
}
