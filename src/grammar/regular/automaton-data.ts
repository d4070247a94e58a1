/**
 * A deterministic automaton over bytes as plain data: minimal, trimmed (every state but 0 can be reached and can reach
 * acceptance), its states numbered in breadth-first order, so that equal languages have equal data.
 */
export interface AutomatonData {
	/** The class of each of the 256 bytes; bytes of one class behave alike in every state. */
	readonly classes: Uint8Array;
	readonly classCount: number;
	/** The next state at `[state * classCount + class]`; 0 is the dead state. */
	readonly transitions: Uint32Array;
	/** 1 for states in which the bytes so far are a whole word. */
	readonly accepting: Uint8Array;
	/** 0 only when the language is empty. */
	readonly start: number;
}
