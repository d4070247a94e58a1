import type { Budget } from "../budget.ts";
import { GrammarError } from "../grammar-error.ts";
import { Automaton } from "../regular/automaton.ts";
import { parseRegex } from "../regular/regex.ts";
import { keywordSets } from "./keywords.ts";
import { itemNode, memberNode } from "./members.ts";
import { type Node, nodeOf, type SchemaAt } from "./node.ts";
import { NumberLanguages } from "./numbers.ts";
import type { SchemaDocument } from "./schema-document.ts";
import { SetAlgebra } from "./set-algebra.ts";
import { everyValue, type ValueSet } from "./value-set.ts";

/** What one schema document means: schemas to sets of values, each worked out once. */
export class CompileContext {
	readonly document: SchemaDocument;
	readonly budget: Budget;
	readonly numbers: NumberLanguages;
	readonly algebra: SetAlgebra;
	readonly isStrict: boolean;
	readonly #sets = new Map<string, ValueSet>();
	readonly #open: string[] = [];
	readonly #nodes = new Map<string, ValueSet>();
	readonly #emptiness = new Map<string, boolean>();
	readonly #patterns = new Map<string, Automaton>();
	readonly #texts = new Map<string, Automaton>();

	constructor(document: SchemaDocument, budget: Budget, isStrict: boolean) {
		this.document = document;
		this.budget = budget;
		this.isStrict = isStrict;
		this.numbers = new NumberLanguages(budget);
		this.algebra = new SetAlgebra(budget, this.numbers);
	}

	setOf(schema: SchemaAt): ValueSet {
		if (typeof schema.value === "boolean")
			return schema.value ? everyValue : [];
		const known = this.#sets.get(schema.pointer);
		if (known !== undefined) return known;
		if (this.#open.includes(schema.pointer))
			throw new CycleError(schema.pointer);
		this.#open.push(schema.pointer);
		try {
			const set = keywordSets(this, schema, schema.value);
			this.#sets.set(schema.pointer, set);
			return set;
		} finally {
			this.#open.pop();
		}
	}

	setOfNode(node: Node): ValueSet {
		const known = this.#nodes.get(node.key);
		if (known !== undefined) return known;
		let set: ValueSet = everyValue;
		for (const { schema, isNegated } of node.literals) {
			const own = this.setOf(schema);
			set = this.algebra.intersect(
				set,
				isNegated ? this.algebra.complement(own, schema.pointer) : own,
				schema.pointer,
			);
		}
		set = set.filter((piece) => !this.#isImpossible(piece));
		this.#nodes.set(node.key, set);
		return set;
	}

	/** Nothing is in it, as far as can be seen without going round in circles. */
	isEmpty(node: Node): boolean {
		const known = this.#emptiness.get(node.key);
		if (known !== undefined) return known;
		const openBefore = [...this.#open];
		this.#emptiness.set(node.key, false);
		try {
			const isEmpty = this.setOfNode(node).length === 0;
			this.#emptiness.set(node.key, isEmpty);
			return isEmpty;
		} catch (error) {
			this.#emptiness.delete(node.key);
			// A value inside a value of the same schema is no cycle; what it is will be known later.
			if (error instanceof CycleError && openBefore.includes(error.pointer))
				return false;
			throw error;
		}
	}

	isDisjoint(left: ValueSet, right: ValueSet, path: string): boolean {
		return this.algebra
			.intersect(left, right, path)
			.every((piece) => this.#isImpossible(piece));
	}

	withoutImpossible(set: ValueSet): ValueSet {
		return set.filter((piece) => !this.#isImpossible(piece));
	}

	/** Exactly these texts; the same object for the same texts. */
	texts(values: readonly string[]): Automaton {
		const key = JSON.stringify(values);
		let known = this.#texts.get(key);
		if (known === undefined) {
			known = Automaton.ofTexts(values, this.budget);
			this.#texts.set(key, known);
		}
		return known;
	}

	pattern(source: unknown, path: string, isAnchored = false): Automaton {
		if (typeof source !== "string")
			throw new GrammarError(
				"invalid",
				`The pattern at ${path} has to be a string.`,
				{ path },
			);
		const key = `${isAnchored}${source}`;
		const known = this.#patterns.get(key);
		if (known !== undefined) return known;
		try {
			const automaton = parseRegex(source, {
				anchored: isAnchored,
				budget: this.budget,
			});
			this.#patterns.set(key, automaton);
			return automaton;
		} catch (error) {
			if (!(error instanceof GrammarError)) throw error;
			throw new GrammarError(error.reason, `${error.message} (at ${path})`, {
				path,
				cause: error,
			});
		}
	}

	/** The texts that a node allows as strings, for keys. */
	keyTexts(node: Node): Automaton {
		return Automaton.unionOf(
			this.setOfNode(node).flatMap((piece) =>
				piece.type === "string"
					? [
							piece.automaton === null && piece.min === 0 && piece.max === null
								? this.algebra.any
								: this.algebra.texts(piece),
						]
					: [],
			),
			this.budget,
		);
	}

	node(schema: SchemaAt, ...path: (string | number)[]): Node {
		return nodeOf(this.document.child(schema, ...path));
	}

	#isImpossible(piece: ValueSet[number]): boolean {
		if (piece.type === "object") {
			if (piece.required.length > (piece.max ?? Infinity)) return true;
			if (piece.some.some(({ node }) => this.isEmpty(node))) return true;
			return piece.required.some(
				(key) =>
					piece.names.some((names) => !this.keyTexts(names).accepts(key)) ||
					this.isEmpty(memberNode(piece, key)),
			);
		}
		if (piece.type !== "array") return false;
		for (let index = 0; index < Math.min(piece.min, 64); index++)
			if (this.isEmpty(itemNode(piece, index))) return true;
		return piece.contains.some(
			({ node, min }) => min > 0 && this.isEmpty(node),
		);
	}
}

class CycleError extends GrammarError {
	readonly pointer: string;

	constructor(pointer: string) {
		super(
			"invalid",
			`The schema at ${pointer || "the root"} refers to itself without going into a value. Take the reference out of the cycle.`,
			{ path: pointer },
		);
		this.pointer = pointer;
	}
}
