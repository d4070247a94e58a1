import type { Expression, Grammar } from "../../src/grammar/grammar.ts";
import { parseRegex } from "../../src/grammar/regular/regex.ts";
import { parseRegexExpression } from "../../src/grammar/regular/regex-expression.ts";

export interface ConstraintCase {
	readonly name: string;
	readonly grammar: () => Grammar;
	/** A text of the grammar; `word` and `number` draw at random. */
	readonly text: (draw: Draw) => string;
}

export interface Draw {
	readonly words: (count: number) => string;
	readonly number: (below: number) => number;
}

const text = (value: string): Expression => ({ type: "text", text: value });
const rule = (name: string): Expression => ({ type: "rule", name });
const sequence = (...parts: Expression[]): Expression => ({
	type: "sequence",
	parts,
});
const choice = (...parts: Expression[]): Expression => ({
	type: "choice",
	parts,
});
const repeat = (
	part: Expression,
	min: number,
	max: number | null,
): Expression => ({
	type: "repeat",
	part,
	min,
	max,
});
const pattern = (source: string): Expression => ({
	type: "regular",
	automaton: parseRegex(source, { anchored: true }),
});

const character =
	'[^"\\\\\\u0000-\\u001f\\u007f]|\\\\(?:["\\\\/bfnrt]|u[0-9a-fA-F]{4})';
const space = pattern("(?:\\n? {0,16})");
const stringRule = sequence(text('"'), pattern(`(?:${character})*`), text('"'));
const numberRule = pattern(
	"-?(?:0|[1-9]\\d{0,15})(?:\\.\\d{1,16})?(?:[eE][+-]?\\d{1,3})?",
);
const member = (name: string, value: Expression) =>
	sequence(text(`"${name}"`), space, text(":"), space, value);
const comma = sequence(space, text(","), space);
const object = (...members: Expression[]) =>
	sequence(
		text("{"),
		space,
		...members.flatMap((part, index) => (index === 0 ? [part] : [comma, part])),
		space,
		text("}"),
	);
const list = (item: Expression, max: number | null) =>
	sequence(
		text("["),
		space,
		choice(
			text(""),
			sequence(item, repeat(sequence(comma, item), 0, max), space),
		),
		text("]"),
	);

const anyJson: Grammar = {
	start: "value",
	rules: {
		value: choice(
			rule("string"),
			rule("number"),
			rule("object"),
			rule("list"),
			text("true"),
			text("false"),
			text("null"),
		),
		string: stringRule,
		number: numberRule,
		member: sequence(rule("string"), space, text(":"), space, rule("value")),
		object: sequence(
			text("{"),
			space,
			choice(
				text(""),
				sequence(
					rule("member"),
					repeat(sequence(comma, rule("member")), 0, null),
					space,
				),
			),
			text("}"),
		),
		list: list(rule("value"), null),
	},
};

const limited = (max: number) =>
	sequence(text('"'), repeat(pattern(character), 0, max), text('"'));

const person: Grammar = {
	start: "person",
	rules: {
		string: stringRule,
		person: object(
			member("name", limited(100)),
			member("age", pattern("0|[1-9]\\d{0,2}")),
			member(
				"email",
				pattern('"[\\w.+-]{1,64}@[a-z\\d-]+(?:\\.[a-z]{2,10})+"'),
			),
			member(
				"role",
				choice(
					...["admin", "editor", "viewer", "guest"].map((role) =>
						text(`"${role}"`),
					),
				),
			),
			member("note", limited(2_000)),
			member("tags", list(rule("string"), 19)),
			member("score", numberRule),
		),
	},
};

const nested: Grammar = {
	start: "node",
	rules: {
		string: stringRule,
		node: object(
			member("label", rule("string")),
			member("weight", numberRule),
			member("children", list(rule("node"), 4_999)),
		),
	},
};

const clean = (words: string) => words.replace(/["\\]/g, "");

function anyText(draw: Draw, depth: number): unknown {
	switch (draw.number(depth > 3 ? 3 : 6)) {
		case 0:
			return draw.words(1 + draw.number(12));
		case 1:
			return draw.number(100_000) / 100;
		case 2:
			return draw.number(2) === 0;
		case 3:
			return Array.from({ length: draw.number(5) }, () =>
				anyText(draw, depth + 1),
			);
		default:
			return Object.fromEntries(
				Array.from({ length: 1 + draw.number(5) }, () => [
					draw.words(1),
					anyText(draw, depth + 1),
				]),
			);
	}
}

interface TreeNode {
	label: string;
	weight: number;
	children: TreeNode[];
}

const tree = (draw: Draw, depth: number): TreeNode => ({
	label: draw.words(2),
	weight: draw.number(1_000),
	children: Array.from({ length: depth > 2 ? 0 : draw.number(4) }, () =>
		tree(draw, depth + 1),
	),
});

export const constraintCases: readonly ConstraintCase[] = [
	{
		name: "any JSON",
		grammar: () => anyJson,
		text: (draw) =>
			JSON.stringify(
				[anyText(draw, 0), anyText(draw, 0)],
				null,
				draw.number(3),
			),
	},
	{
		name: "object, 7 properties, maxLength 100 and 2,000",
		grammar: () => person,
		text: (draw) =>
			JSON.stringify(
				{
					name: clean(draw.words(6)).slice(0, 100),
					age: draw.number(99),
					email: `${draw.words(1).replace(/\W/g, "")}x@example.com`,
					role: "editor",
					note: draw.words(60),
					tags: Array.from({ length: draw.number(6) }, () => draw.words(1)),
					score: draw.number(1_000) / 8,
				},
				null,
				draw.number(3),
			),
	},
	{
		name: "recursive tree, maxItems 5,000",
		grammar: () => nested,
		text: (draw) => JSON.stringify(tree(draw, 0), null, 2),
	},
	{
		name: "regex: date, time, words",
		grammar: () => ({
			start: "s",
			rules: {
				s: parseRegexExpression(
					"^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}Z(?: [a-zA-Z]+){1,200}\\.$",
				),
			},
		}),
		text: (draw) =>
			`2024-05-17T08:30:0${draw.number(10)}Z${` ${draw.words(40)}`
				.replace(/[^a-zA-Z ]/g, "")
				.replace(/ +/g, " ")
				.trimEnd()}.`,
	},
	{
		name: "choice of 1,000 texts",
		grammar: () => ({
			start: "s",
			rules: {
				s: choice(
					...Array.from({ length: 1_000 }, (_, index) =>
						text(`option ${(index * 7919) % 104_729}`),
					),
				),
			},
		}),
		text: (draw) => `option ${(draw.number(1_000) * 7919) % 104_729}`,
	},
];
