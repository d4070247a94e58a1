import type { Expression } from "../grammar.ts";
import { GrammarError } from "../grammar-error.ts";
import {
	choice,
	colon,
	comma,
	repeat,
	rule,
	sequence,
	space,
	text,
} from "../json.ts";
import type { Automaton } from "../regular/automaton.ts";
import type { GrammarWriter } from "./grammar-writer.ts";
import { memberNode } from "./members.ts";
import { allOfNodes, everything, type Node } from "./node.ts";
import type { ObjectPiece } from "./value-set.ts";

const maxPlaces = 20_000;
const maxKeyClasses = 64;

interface KeyClass {
	/** Worked out when asked for: it may be large, and not needed. */
	readonly keys: () => Automaton;
	/** Where they are all keys but these, these. */
	readonly except: readonly string[] | null;
	readonly node: Node;
}

type Need = ObjectPiece["some"][number];

export function writeObject(
	writer: GrammarWriter,
	piece: ObjectPiece,
): Expression {
	const cases = casesOf(writer, piece, null);
	return sequence(text("{"), space, choice(...cases), space, text("}"));
}

/** Splits by which property meets a condition that some property has to meet. */
function casesOf(
	writer: GrammarWriter,
	piece: ObjectPiece,
	need: Need | null,
): Expression[] {
	const [some, ...others] = piece.some;
	if (some === undefined)
		return [new MemberWriter(writer, piece, need).write()];
	const cases: Expression[] = [];
	const without = { ...piece, some: others };
	for (const key of namedKeys(piece)) {
		if (!some.keys.accepts(key)) continue;
		const atom = {
			properties: new Map([[key, some.node]]),
			patterns: [],
			additional: everything,
		};
		cases.push(
			...casesOf(
				writer,
				{
					...without,
					atoms: [...piece.atoms, atom],
					required: [...new Set([...piece.required, key])],
				},
				need,
			),
		);
	}
	if (need !== null)
		throw new GrammarError(
			"unsupported",
			"What several unnamed properties have to be at once cannot be enforced; such conditions come from not, oneOf or if over additionalProperties. Name the properties.",
		);
	return [...cases, ...casesOf(writer, without, some)];
}

function namedKeys(piece: ObjectPiece): string[] {
	const keys = new Set<string>();
	for (const { properties } of piece.atoms)
		for (const key of properties.keys()) keys.add(key);
	for (const key of piece.required) keys.add(key);
	return [...keys];
}

/** The members of one object: the named ones in the schema's order, then the others. */
class MemberWriter {
	readonly #writer: GrammarWriter;
	readonly #piece: ObjectPiece;
	readonly #need: Need | null;
	readonly #names: readonly Automaton[];
	readonly #named: { member: Expression; isRequired: boolean }[] = [];
	readonly #others: KeyClass[];
	readonly #anyKey: Automaton;
	readonly #places = new Map<string, string>();
	/** From this many members on, the count makes no difference. */
	readonly #enough: number;

	constructor(writer: GrammarWriter, piece: ObjectPiece, need: Need | null) {
		this.#writer = writer;
		this.#piece = piece;
		this.#need = need;
		this.#anyKey = writer.context.algebra.any;
		this.#names = piece.names.map((node) => writer.context.keyTexts(node));
		const keys = namedKeys(piece);
		for (const key of keys) {
			const isRequired = piece.required.includes(key);
			const isNamable = this.#names.every((names) => names.accepts(key));
			const node = memberNode(piece, key);
			if (!isRequired && (!isNamable || writer.context.isEmpty(node))) continue;
			const value = isNamable ? writer.value(node) : choice();
			const member = sequence(text(JSON.stringify(key)), colon, value);
			this.#named.push({ member, isRequired });
		}
		this.#others = this.#keyClasses(keys);
		this.#enough = piece.max === null ? Math.max(1, piece.min) : piece.max + 1;
		if (
			this.#named.length * Math.min(this.#enough, this.#named.length) >
			maxPlaces
		)
			throw new GrammarError(
				"too_large",
				"minProperties or maxProperties over this many properties would need too many rules. Use fewer, or leave the count out.",
			);
		const sure = piece.required.length;
		if (piece.min - sure >= 2 && this.#others.length > 0)
			throw new GrammarError(
				"unsupported",
				`minProperties ${piece.min} cannot be enforced where two or more of the properties have free names, as a name might be written twice. Name the properties and set additionalProperties to false, or make them required.`,
			);
	}

	write(): Expression {
		return this.#place(0, 0);
	}

	/** What follows when the first `index` named ones are behind and `count` members are written. */
	#place(index: number, count: number): Expression {
		const key = `${index}/${count}`;
		const known = this.#places.get(key);
		if (known !== undefined) return rule(known);
		const { max } = this.#piece;
		const named = this.#named[index];
		if (named === undefined) return this.#tail(count);
		if (max === null && count === this.#enough) return this.#straight(index);
		const name = this.#writer.newName();
		this.#places.set(key, name);
		const cases: Expression[] = [];
		if (max === null || count < max)
			cases.push(
				sequence(
					...(count === 0 ? [] : [comma]),
					named.member,
					this.#place(index + 1, Math.min(count + 1, this.#enough)),
				),
			);
		if (!named.isRequired) cases.push(this.#place(index + 1, count));
		this.#writer.addRule(name, choice(...cases));
		return rule(name);
	}

	/** Once the count no longer matters, each place is a rule of its own: a chain, not a tree. */
	#straight(index: number): Expression {
		const key = `${index}/straight`;
		const known = this.#places.get(key);
		if (known !== undefined) return rule(known);
		const named = this.#named[index];
		if (named === undefined) return this.#tail(this.#enough);
		const name = this.#writer.newName();
		this.#places.set(key, name);
		const member = sequence(comma, named.member);
		this.#writer.addRule(
			name,
			sequence(
				named.isRequired ? member : choice(member, text("")),
				this.#straight(index + 1),
			),
		);
		return rule(name);
	}

	#tail(count: number): Expression {
		const { min, max } = this.#piece;
		const member = choice(...this.#others.map((own) => this.#member(own)));
		const need = this.#need;
		const last =
			need === null
				? null
				: choice(
						...this.#others.map(({ keys, node }) =>
							this.#member({
								keys: () =>
									keys().intersect(need.keys, this.#writer.context.budget),
								except: null,
								node: allOfNodes([node, need.node]),
							}),
						),
					);
		const taken = last === null ? count : count + 1;
		const least = Math.max(0, min - taken);
		const most = max === null ? null : max - taken;
		if (most !== null && most < least) return choice();
		if (last !== null) {
			// The one that is needed comes last: a name written twice means its last value.
			if (count > 0)
				return sequence(
					repeat(sequence(comma, member), least, most),
					comma,
					last,
				);
			return sequence(repeat(sequence(member, comma), least, most), last);
		}
		if (count > 0) return repeat(sequence(comma, member), least, most);
		const some = sequence(
			member,
			repeat(
				sequence(comma, member),
				Math.max(0, least - 1),
				most === null ? null : Math.max(0, most - 1),
			),
		);
		if (most === 0) return text("");
		return least > 0 ? some : choice(text(""), some);
	}

	#member({ keys, except, node }: KeyClass): Expression {
		const { context } = this.#writer;
		if (context.isEmpty(node)) return choice();
		if (except === null && keys().isEmpty) return choice();
		const key =
			except === null
				? this.#writer.quoted(keys())
				: this.#writer.quotedExcept(except);
		return sequence(key, colon, this.#writer.value(node));
	}

	/** The other keys, by which patterns they match. */
	#keyClasses(named: readonly string[]): KeyClass[] {
		const { context } = this.#writer;
		const { budget } = context;
		const isPlain = this.#piece.atoms.every(
			({ patterns }) => patterns.length === 0,
		);
		if (isPlain && this.#names.length === 0) {
			const node = allOfNodes(
				this.#piece.atoms.map(({ additional }) => additional),
			);
			const keys = () =>
				this.#anyKey.difference(context.texts(named), context.budget);
			return context.isEmpty(node) ? [] : [{ keys, except: named, node }];
		}
		let rest = this.#anyKey;
		if (named.length > 0) rest = rest.difference(context.texts(named), budget);
		for (const names of this.#names) rest = rest.intersect(names, budget);
		let classes: { keys: Automaton; nodes: Node[] }[] = [
			{ keys: rest, nodes: [] },
		];
		for (const atom of this.#piece.atoms) {
			let split = classes.map((own) => ({ ...own, isMatched: false }));
			for (const { keys, node } of atom.patterns) {
				split = split.flatMap((own) => [
					{
						keys: own.keys.intersect(keys, budget),
						nodes: [...own.nodes, node],
						isMatched: true,
					},
					{ ...own, keys: own.keys.difference(keys, budget) },
				]);
				split = split.filter(({ keys: own }) => !own.isEmpty);
				if (split.length > maxKeyClasses)
					throw new GrammarError(
						"too_large",
						`The patternProperties overlap in more than ${maxKeyClasses} ways. Use fewer patterns, or anchored ones.`,
					);
			}
			classes = split.map(({ keys, nodes, isMatched }) => ({
				keys,
				nodes: isMatched ? nodes : [...nodes, atom.additional],
			}));
		}
		return classes
			.filter(({ keys }) => !keys.isEmpty)
			.map(({ keys, nodes }) => ({
				keys: () => keys,
				except: null,
				node: allOfNodes(nodes),
			}))
			.filter(({ node }) => !context.isEmpty(node));
	}
}
