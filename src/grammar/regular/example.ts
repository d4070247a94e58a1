import type { AutomatonData } from "./automaton-data.ts";

/** A shortest word as text; where several bytes lead on, a letter, a digit or a printable sign is taken first. */
export function exampleOf(automaton: AutomatonData): string | null {
	const { classes, classCount, transitions, accepting, start } = automaton;
	if (start === 0) return null;
	const cameFrom = new Map<number, { state: number; byte: number }>();
	const open = [start];
	for (const state of open) {
		if (accepting[state] === 1) return textTo(state, start, cameFrom);
		for (const byte of preferredBytes()) {
			const next = transitions[
				state * classCount + (classes[byte] as number)
			] as number;
			if (next === 0 || next === start || cameFrom.has(next)) continue;
			cameFrom.set(next, { state, byte });
			open.push(next);
		}
	}
	return null;
}

function preferredBytes(): number[] {
	const rank = (byte: number) => {
		const character = String.fromCharCode(byte);
		if (/[a-z]/.test(character)) return 0;
		if (/[0-9A-Z]/.test(character)) return 1;
		return byte >= 0x20 && byte < 0x7f ? 2 : 3;
	};
	return Array.from({ length: 256 }, (_, byte) => byte).sort(
		(left, right) => rank(left) - rank(right) || left - right,
	);
}

function textTo(
	end: number,
	start: number,
	cameFrom: ReadonlyMap<number, { state: number; byte: number }>,
): string {
	const bytes: number[] = [];
	for (let state = end; state !== start; ) {
		const step = cameFrom.get(state);
		if (step === undefined) break;
		bytes.push(step.byte);
		state = step.state;
	}
	return new TextDecoder("utf-8", { ignoreBOM: true }).decode(
		Uint8Array.from(bytes.reverse()),
	);
}
