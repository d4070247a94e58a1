import type { Budget } from "../budget.ts";
import { GrammarError } from "../grammar-error.ts";
import { Automaton } from "../regular/automaton.ts";
import { everything, type Node, nothing, notNode } from "./node.ts";
import type { NumberLanguages } from "./numbers.ts";
import {
	type ArrayPiece,
	anyArray,
	anyNumber,
	anyObject,
	anyString,
	everyValue,
	type ObjectPiece,
	onlyFor,
	type Piece,
	type StringPiece,
	type ValueSet,
} from "./value-set.ts";

const maxPieces = 600;

/** Union, intersection and complement of sets of JSON values; exact, or a GrammarError. */
export class SetAlgebra {
	readonly #budget: Budget;
	readonly #numbers: NumberLanguages;
	/** Every text. */
	readonly any = Automaton.any;
	readonly #complements = new Map<Automaton, Automaton>();
	readonly #intersections = new Map<Automaton, Map<Automaton, Automaton>>();

	constructor(budget: Budget, numbers: NumberLanguages) {
		this.#budget = budget;
		this.#numbers = numbers;
	}

	intersect(left: ValueSet, right: ValueSet, path: string): ValueSet {
		if (left === everyValue) return right;
		if (right === everyValue) return left;
		const pieces: Piece[] = [];
		for (const one of left)
			for (const other of right) {
				if (one.type !== other.type) continue;
				const both = this.#both(one, other);
				if (both !== null && !pieces.includes(both)) pieces.push(both);
				if (pieces.length > maxPieces) throw tooManyCases(path);
			}
		this.#budget.spend(left.length * right.length);
		return pieces;
	}

	complement(set: ValueSet, path: string): ValueSet {
		let result: ValueSet = everyValue;
		for (const piece of set)
			result = this.intersect(result, this.#not(piece, path), path);
		return result;
	}

	/** One language for a string piece, with its lengths. */
	texts(piece: StringPiece): Automaton {
		const lengths = () =>
			Automaton.ofCodePoints([[0, 0x10ffff]], this.#budget).repeat(
				piece.min,
				piece.max,
				this.#budget,
			);
		if (piece.automaton === null) return lengths();
		if (piece.min === 0 && piece.max === null) return piece.automaton;
		return piece.automaton.intersect(lengths(), this.#budget);
	}

	/** Alternatives are compared with each other again and again; the same languages are the same objects. */
	#intersectTexts(left: Automaton, right: Automaton): Automaton {
		const known = this.#intersections.get(left)?.get(right);
		if (known !== undefined) return known;
		const both = left.intersect(right, this.#budget);
		const row = this.#intersections.get(left) ?? new Map();
		this.#intersections.set(left, row.set(right, both));
		return both;
	}

	#complementOf(texts: Automaton): Automaton {
		const known = this.#complements.get(texts);
		if (known !== undefined) return known;
		const rest = this.any.difference(texts, this.#budget);
		this.#complements.set(texts, rest);
		return rest;
	}

	#both(left: Piece, right: Piece): Piece | null {
		if (left === right) return left;
		if (left.type === "number" && right.type === "number") {
			if (left.automaton === null) return right;
			if (right.automaton === null) return left;
			const automaton = this.#intersectTexts(left.automaton, right.automaton);
			return automaton.isEmpty ? null : { type: "number", automaton };
		}
		if (left.type === "string" && right.type === "string")
			return this.#bothStrings(left, right);
		if (left.type === "array" && right.type === "array") {
			if (left === anyArray) return right;
			if (right === anyArray) return left;
			return withoutEmptyRange<ArrayPiece>({
				type: "array",
				atoms: distinct([...left.atoms, ...right.atoms]),
				contains: distinct([...left.contains, ...right.contains]),
				min: Math.max(left.min, right.min),
				max: lesser(left.max, right.max),
				uniqueAt: left.uniqueAt ?? right.uniqueAt,
			});
		}
		if (left.type === "object" && right.type === "object") {
			if (left === anyObject) return right;
			if (right === anyObject) return left;
			return withoutEmptyRange<ObjectPiece>({
				type: "object",
				atoms: distinct([...left.atoms, ...right.atoms]),
				required: distinct([...left.required, ...right.required]),
				names: distinct([...left.names, ...right.names]),
				some: distinct([...left.some, ...right.some]),
				min: Math.max(left.min, right.min),
				max: lesser(left.max, right.max),
			});
		}
		return left;
	}

	#bothStrings(left: StringPiece, right: StringPiece): StringPiece | null {
		if (left === anyString) return right;
		if (right === anyString) return left;
		let automaton = left.automaton ?? right.automaton;
		if (left.automaton !== null && right.automaton !== null)
			automaton = this.#intersectTexts(left.automaton, right.automaton);
		if (automaton?.isEmpty === true) return null;
		const both = withoutEmptyRange<StringPiece>({
			type: "string",
			automaton,
			min: Math.max(left.min, right.min),
			max: lesser(left.max, right.max),
			inexactAt: left.inexactAt ?? right.inexactAt,
		});
		if (both === null || automaton === null) return both;
		if (both.min === 0 && both.max === null) return both;
		const texts = this.texts(both);
		return texts.isEmpty
			? null
			: { ...both, automaton: texts, min: 0, max: null };
	}

	#not(piece: Piece, path: string): ValueSet {
		switch (piece.type) {
			case "null":
			case "true":
			case "false":
				return everyValue.filter((other) => other.type !== piece.type);
			case "number": {
				if (piece.automaton === null) return onlyFor("number", []);
				const automaton = this.#numbers.canonical.difference(
					piece.automaton,
					this.#budget,
				);
				return onlyFor(
					"number",
					automaton.isEmpty ? [] : [{ ...anyNumber, automaton }],
				);
			}
			case "string":
				return onlyFor("string", this.#notString(piece, path));
			case "array":
				return onlyFor("array", notArray(piece, path));
			case "object":
				return onlyFor("object", notObject(piece, path));
		}
	}

	#notString(piece: StringPiece, path: string): StringPiece[] {
		if (piece.inexactAt !== null)
			throw new GrammarError(
				"unsupported",
				`What does not match the format at ${piece.inexactAt} would have to be told apart, for ${path}, and that format is generated but not recognised exactly. Write the pattern out instead of the format.`,
				{ path },
			);
		const pieces: StringPiece[] = [];
		if (piece.automaton !== null) {
			const automaton = this.#complementOf(piece.automaton);
			if (!automaton.isEmpty) pieces.push({ ...anyString, automaton });
		}
		if (piece.min > 0) pieces.push({ ...anyString, max: piece.min - 1 });
		if (piece.max !== null) pieces.push({ ...anyString, min: piece.max + 1 });
		return pieces;
	}
}

function notObject(piece: ObjectPiece, path: string): ObjectPiece[] {
	if (piece.some.length > 0) throw noComplement("some of its properties", path);
	const pieces: ObjectPiece[] = piece.required.map((key) => ({
		...anyObject,
		atoms: [
			{
				properties: new Map([[key, nothing]]),
				patterns: [],
				additional: everything,
			},
		],
	}));
	for (const { properties, patterns, additional } of piece.atoms) {
		let left = Automaton.any.difference(
			Automaton.ofTexts([...properties.keys()]),
		);
		for (const [key, node] of properties) {
			const not = negated(node, path);
			if (not === nothing) continue;
			pieces.push({
				...anyObject,
				required: [key],
				atoms: [
					{
						properties: new Map([[key, not]]),
						patterns: [],
						additional: everything,
					},
				],
			});
		}
		for (const { keys, node } of patterns) {
			left = left.difference(keys);
			const not = negated(node, path);
			if (not !== nothing)
				pieces.push({ ...anyObject, some: [{ keys, node: not }] });
		}
		const not = negated(additional, path);
		if (not !== nothing && !left.isEmpty)
			pieces.push({ ...anyObject, some: [{ keys: left, node: not }] });
	}
	if (piece.names.length > 0) throw noComplement("propertyNames", path);
	if (piece.min > 0) pieces.push({ ...anyObject, max: piece.min - 1 });
	if (piece.max !== null) pieces.push({ ...anyObject, min: piece.max + 1 });
	return pieces;
}

function notArray(piece: ArrayPiece, path: string): ArrayPiece[] {
	if (piece.uniqueAt !== null) throw noComplement("uniqueItems", path);
	const pieces: ArrayPiece[] = [];
	for (const { prefix, rest } of piece.atoms) {
		for (const [index, node] of prefix.entries()) {
			const not = negated(node, path);
			if (not === nothing) continue;
			const before = Array.from({ length: index }, () => everything);
			pieces.push({
				...anyArray,
				min: index + 1,
				atoms: [{ prefix: [...before, not], rest: everything }],
			});
		}
		const not = negated(rest, path);
		if (not === nothing) continue;
		if (not === everything)
			pieces.push({ ...anyArray, min: prefix.length + 1 });
		else if (prefix.length === 0)
			pieces.push({
				...anyArray,
				contains: [{ node: not, min: 1, max: null }],
			});
		else throw noComplement("items after prefixItems", path);
	}
	for (const { node, min, max } of piece.contains) {
		if (min > 0)
			pieces.push({ ...anyArray, contains: [{ node, min: 0, max: min - 1 }] });
		if (max !== null)
			pieces.push({
				...anyArray,
				contains: [{ node, min: max + 1, max: null }],
			});
	}
	if (piece.min > 0) pieces.push({ ...anyArray, max: piece.min - 1 });
	if (piece.max !== null) pieces.push({ ...anyArray, min: piece.max + 1 });
	return pieces;
}

function negated(node: Node, path: string): Node {
	const not = notNode(node);
	if (not === null) throw noComplement("a conjunction", path);
	return not;
}

function lesser(left: number | null, right: number | null): number | null {
	if (left === null) return right;
	return right === null ? left : Math.min(left, right);
}

function withoutEmptyRange<Ranged extends { min: number; max: number | null }>(
	piece: Ranged,
): Ranged | null {
	return piece.max !== null && piece.max < piece.min ? null : piece;
}

function distinct<Item>(items: readonly Item[]): Item[] {
	return [...new Set(items)];
}

const noComplement = (what: string, path: string) =>
	new GrammarError(
		"unsupported",
		`What is not in a schema with ${what} cannot be enforced, and ${path} asks for it. Use anyOf with branches that exclude each other, for example by a property with a const.`,
		{ path },
	);

const tooManyCases = (path: string) =>
	new GrammarError(
		"too_large",
		`The alternatives at ${path} combine to more than ${maxPieces} cases. Use fewer alternatives, or give each a property with a const.`,
		{ path },
	);
