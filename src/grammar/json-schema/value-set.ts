import type { Automaton } from "../regular/automaton.ts";
import type { Node } from "./node.ts";

/** The values of `node` for the keys it names, matches or leaves over; several of them hold at once. */
export interface ObjectAtom {
	readonly properties: ReadonlyMap<string, Node>;
	readonly patterns: readonly { keys: Automaton; node: Node }[];
	readonly additional: Node;
}

export interface ObjectPiece {
	readonly type: "object";
	readonly atoms: readonly ObjectAtom[];
	readonly required: readonly string[];
	/** Languages that every key is in. */
	readonly names: readonly Node[];
	/** Each is met by at least one property. */
	readonly some: readonly { keys: Automaton; node: Node }[];
	readonly min: number;
	readonly max: number | null;
}

export interface ArrayAtom {
	readonly prefix: readonly Node[];
	readonly rest: Node;
}

export interface Contains {
	readonly node: Node;
	readonly min: number;
	readonly max: number | null;
}

export interface ArrayPiece {
	readonly type: "array";
	readonly atoms: readonly ArrayAtom[];
	readonly contains: readonly Contains[];
	readonly min: number;
	readonly max: number | null;
	/** Where `uniqueItems` stands, when it holds. */
	readonly uniqueAt: string | null;
}

/** Lengths are counted in code points; `automaton: null` is every text. */
export interface StringPiece {
	readonly type: "string";
	readonly automaton: Automaton | null;
	readonly min: number;
	readonly max: number | null;
	/** Where a format stands of which only a part is generated: the rest cannot be told apart, so no `not` of it. */
	readonly inexactAt: string | null;
}

/** Values in canonical decimal form (see numbers.ts); `automaton: null` is every number. */
export interface NumberPiece {
	readonly type: "number";
	readonly automaton: Automaton | null;
}

export type Piece =
	| { readonly type: "null" }
	| { readonly type: "true" }
	| { readonly type: "false" }
	| NumberPiece
	| StringPiece
	| ArrayPiece
	| ObjectPiece;

/** A union: a set of JSON values. */
export type ValueSet = readonly Piece[];

export const anyString: StringPiece = {
	type: "string",
	automaton: null,
	min: 0,
	max: null,
	inexactAt: null,
};
export const anyNumber: NumberPiece = { type: "number", automaton: null };
export const anyArray: ArrayPiece = {
	type: "array",
	atoms: [],
	contains: [],
	min: 0,
	max: null,
	uniqueAt: null,
};
export const anyObject: ObjectPiece = {
	type: "object",
	atoms: [],
	required: [],
	names: [],
	some: [],
	min: 0,
	max: null,
};

export const everyValue: ValueSet = [
	{ type: "null" },
	{ type: "true" },
	{ type: "false" },
	anyNumber,
	anyString,
	anyArray,
	anyObject,
];

/** Every value of another type, and these of this one. */
export function onlyFor(
	type: "number" | "string" | "array" | "object",
	pieces: readonly Piece[],
): ValueSet {
	return [...everyValue.filter((piece) => piece.type !== type), ...pieces];
}
