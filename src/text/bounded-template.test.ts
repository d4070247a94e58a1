import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ChatMessage } from "../core/chat-message.ts";
import { GalleyError } from "../core/errors.ts";
import { ChatTemplates } from "./chat-template.ts";

/** Small enough to reach at once: what is tested is that each way to run away meets a limit. */
const limits = {
	maxTemplateLength: 20_000,
	maxCharacters: 50_000,
	maxElements: 5000,
	maxDepth: 32,
	maxNesting: 500,
	maxSteps: 200_000,
};
const templates = new ChatTemplates({
	template: null,
	bosToken: "",
	eosToken: "",
	limits,
});
const messages: readonly ChatMessage[] = [{ role: "user", content: "Hi" }];

function render(
	chatTemplate: string,
	conversation: readonly ChatMessage[] = messages,
): string {
	return templates.render(conversation, {
		addGenerationPrompt: true,
		chatTemplate,
	});
}

function outcomeOf(chatTemplate: string, content = "Hi"): string {
	try {
		render(chatTemplate, [{ role: "user", content }]);
		return "rendered";
	} catch (thrown) {
		if (!(thrown instanceof GalleyError)) throw thrown;
		expect(thrown.code).toBe("template_error");
		return thrown.message;
	}
}

const doubling = (start: string, next: string, rounds: number) =>
	`{% set ns = namespace(x=${start}) %}{% for i in range(${rounds}) %}{% set ns.x = ${next} %}{% endfor %}`;

describe("a template that would run away is stopped", () => {
	const stopped: Record<string, string> = {
		"nested loops":
			"{% for a in range(3000) %}{% for b in range(3000) %}{% for c in range(3000) %}x{% endfor %}{% endfor %}{% endfor %}",
		"loops without a body":
			"{% set list = range(2000) %}{% for a in range(100) %}{% for b in list %}{% endfor %}{% endfor %}",
		"a macro that calls itself":
			"{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
		"two macros that call each other twice":
			"{% macro f(n) %}{{ g(n) }}{{ g(n) }}{% endmacro %}{% macro g(n) %}{% if n < 40 %}{{ f(n + 1) }}{{ f(n + 1) }}{% endif %}{% endmacro %}{{ f(0) }}",
		"a text that doubles": doubling("'ab'", "ns.x ~ ns.x", 100),
		"a text that is added to itself": doubling("'ab'", "ns.x + ns.x", 100),
		"a list that doubles": doubling("[1]", "ns.x + ns.x", 100),
		"a list that holds itself twice": doubling("[1]", "[ns.x, ns.x]", 20),
		"a mapping that holds itself twice": doubling(
			"{'a': 1}",
			"{'a': ns.x, 'b': ns.x}",
			20,
		),
		"a list inside a list inside a list": doubling("[1]", "[ns.x]", 1000),
		"namespaces that hold each other": `${doubling("1", "namespace(a=ns.x, b=ns.x)", 40)}{{ ns.x }}`,
		"a namespace that holds itself":
			"{% set ns = namespace() %}{% set ns.self = ns %}{{ ns }}",
		"a long range": "{{ range(1000000000) | length }}",
		"an endless range": "{{ range(0, 1, 0.0000000001) | length }}",
		"text output in a loop": `{% for a in range(4000) %}${"x".repeat(200)}{% endfor %}`,
	};
	for (const [name, template] of Object.entries(stopped)) {
		test(name, () => {
			expect(outcomeOf(template)).not.toBe("rendered");
		});
	}

	// Long enough for results that could not be made at all, were they not refused before.
	const long = "ab".repeat(24_000);
	const bySize: Record<string, string> = {
		"replace as a method":
			"{{ messages[0].content.replace('a', messages[0].content) }}",
		"replace of nothing":
			"{{ messages[0].content.replace('', messages[0].content) }}",
		"replace as a filter":
			"{{ messages[0].content | replace('a', messages[0].content) }}",
		"replace reached by a computed name":
			"{{ messages[0].content['re' ~ 'place']('a', messages[0].content) }}",
		"replace kept in a variable":
			"{% set f = messages[0].content.replace %}{{ f('a', messages[0].content) }}",
		"join with a long separator":
			"{{ messages[0].content.split('a') | join(messages[0].content) }}",
		"join of the characters of a text": "{{ messages[0].content | join('-') }}",
		"split into very many": "{{ messages[0].content.split('a') | length }}",
		"indent by very much": "{{ 'a\\nb' | indent(1000000000) }}",
		"indent by a named width": "{{ 'a\\nb' | indent(width=1000000000) }}",
		"JSON indented by very much": "{{ [[1]] | tojson(indent=1000000000) }}",
		"JSON with long separators":
			"{{ range(4000) | list | tojson(separators=[messages[0].content, ':']) }}",
		"unpacked arguments": "{{ ['a', 'b'] | join(*[messages[0].content]) }}",
		"a filter block that multiplies":
			"{% filter replace('a', messages[0].content) %}{{ messages[0].content }}{% endfilter %}",
		"searching in a loop":
			"{% for i in range(4000) %}{% if 'abc' in messages[0].content %}{% endif %}{% endfor %}",
		"slicing in a loop":
			"{% for i in range(4000) %}{% set x = messages[0].content[1:2] %}{% endfor %}",
		"filtering in a loop":
			"{% for i in range(4000) %}{% set x = messages[0].content | trim %}{% endfor %}",
		"comparing in a loop":
			"{% for i in range(4000) %}{% set x = messages[0].content == messages[0].content %}{% endfor %}",
	};
	for (const [name, template] of Object.entries(bySize)) {
		test(`${name}, on a long text`, () => {
			expect(outcomeOf(template, long)).toMatch(
				/stopped: it (takes|writes|makes|unpacks)/,
			);
		});
	}

	test("a search whose worst case is the product of both lengths", () => {
		const needle = `${"a".repeat(1000)}b${"a".repeat(1000)}`;
		const template = `{% for i in range(3) %}{% set x = '${needle}' in messages[0].content %}{% endfor %}`;
		expect(outcomeOf(template, "a".repeat(40_000))).toContain("steps");
	});

	test("a definition of a large macro in a loop", () => {
		const body = "{{ x }}".repeat(2000);
		const template = `{% for i in range(200) %}{% macro f(x) %}${body}{% endmacro %}{% endfor %}`;
		expect(outcomeOf(template)).toContain("steps");
	});

	test("a template that is too long, or one long run of blanks", () => {
		expect(outcomeOf("x".repeat(20_001))).toContain("longer than 20000");
		expect(outcomeOf(" ".repeat(19_000))).toContain("blanks");
	});

	test("an expression nested very deep", () => {
		const depth = 9000;
		const template = `{{ ${"(".repeat(depth)}1${")".repeat(depth)} }}`;
		expect(outcomeOf(template)).toMatch(/can't be used|stopped/);
	});
});

test("a conversation that is too long for the limits is refused, not rendered in part", () => {
	const conversation = [{ role: "user" as const, content: "x".repeat(60_000) }];
	expect(() =>
		templates.render(conversation, { addGenerationPrompt: true }),
	).toThrow(/stopped.*50000 characters/);
});

test("methods that make no lists are not bounded as if they did", () => {
	const content = "a b ".repeat(6000);
	const conversation: ChatMessage[] = [{ role: "user", content }];
	const template =
		"{{ messages[0].content.startswith('a') }}{{ messages[0].content.replace(' ', '') | length }}{{ messages[0].content.strip() | length }}";
	expect(render(template, conversation)).toBe("true1200023999");
});

test("a long conversation does not cost more each time the template looks at all of it", () => {
	const template =
		"{% for m in messages %}{% if messages[loop.index0].role == 'user' and messages | length > 0 %}{{ loop.index }};{% endif %}{% endfor %}";
	const conversation = Array.from(
		{ length: 500 },
		() => messages[0] as ChatMessage,
	);
	expect(render(template, conversation)).toContain("499;500;");
});

test("variables nested without end are refused", () => {
	let value: unknown = 1;
	for (let level = 0; level < 50_000; level++) value = [value];
	expect(() =>
		templates.render(messages, {
			addGenerationPrompt: true,
			variables: { deep: value },
		}),
	).toThrow(GalleyError);
});

test("limits leave results as they are", () => {
	const cases: Record<string, string> = {
		"{{ 'a-b-c'.split('-') | join('+') }}": "a+b+c",
		"{{ 'a b  c'.split() | length }}": "3",
		"{{ 'aXbX'.replace('X', '--') }}": "a--b--",
		"{{ 'aXbX'.replace('X', '-', 1) }}": "a-bX",
		"{{ 'aXbX' | replace('X', '-') }}": "a-b-",
		"{{ 'a\\nb' | indent(2) }}": "a\n  b",
		"{{ 'a\\nb' | indent(width=2, first=true) }}": "  a\n  b",
		"{{ {'a': [1, 2]} | tojson(indent=2) }}":
			'{\n  "a": [\n    1,\n    2\n  ]\n}',
		"{{ {'a': 1} | tojson(separators=[',', ':']) }}": '{"a":1}',
		"{{ [3, 1, 2] | sort | join(',') }}": "1,2,3",
		"{{ 'hello'[1:3] ~ 'hello'[-1] ~ messages[0].content[::-1] }}":
			"elois".replace("is", "iH"),
		"{% for n in range(5) if n is odd %}{{ n }}{% endfor %}": "13",
		"{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}{{ v }}{% endfor %}":
			"a1b2",
		"{% for x in [1, 2, 3] %}{% if x == 2 %}{% continue %}{% endif %}{{ x }}{% endfor %}":
			"13",
		"{% filter upper %}a{{ 'b' }}{% endfilter %}": "AB",
		"{% macro f(a, b=2) %}{{ a }}{{ b }}{% endmacro %}{{ f(1) }}{{ f(1, b=3) }}":
			"1213",
		"{% macro f() %}<{{ caller() }}>{% endmacro %}{% call f() %}x{% endcall %}":
			"<x>",
		"{{ 'x' if false or 'y' in 'xyz' and not none else 'z' }}": "x",
		"{{ (undefined_thing or 'fallback') and missing is not defined }}": "true",
		"{{ [] | first is defined }}": "false",
		"{{ range(3) | list }}{{ range(2, 5) | list }}{{ range(5, 0, -2) | list }}":
			"[0, 1, 2][2, 3, 4][5, 3, 1]",
		"{{ [{'a': 'x'}, {'a': 'y'}] | selectattr('a', 'equalto', 'y') | list | length }}":
			"1",
		"{% set schema = {'items': {'type': 'string'}} %}{% for k, v in schema.items() %}{{ k }}={{ v.type }}{% endfor %};{{ schema['items'].type }}":
			"items=string;string",
		"{% for x in missing %}{{ x }}{% endfor %}none": "none",
		"{% for x in range(400) %}{% if x > 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}":
			"01",
		"{{ [{'a': 1}, {'a': 2}] | map(attribute='a') | join('/') }}": "1/2",
	};
	for (const [template, expected] of Object.entries(cases))
		expect([template, render(template)]).toEqual([template, expected]);
});

test("any mix of template pieces ends in a text or a template error", () => {
	const piece = fc.constantFrom(
		...["{{", "}}", "{%", "%}", "{#", "#}", "-", " ", "\n", "'", '"', "|", "("],
		...[")", "[", "]", ":", ",", ".", "~", "+", "*", "in", "not", "is", "and"],
		...["for m in messages", "endfor", "if", "else", "endif", "set x =", "set"],
		...["macro f(a)", "endmacro", "messages", "m.content", "x", "f", "1", "0"],
		...["range", "tojson", "length", "join", "replace", "raise_exception"],
		...[
			"namespace",
			"defined",
			"none",
			"generation",
			"endgeneration",
			"{",
			"}",
		],
	);
	const soup = fc.array(piece, { maxLength: 30 }).map((all) => all.join(" "));
	const block = fc
		.array(piece, { maxLength: 6 })
		.chain((all) =>
			fc.constantFrom(`{{ ${all.join(" ")} }}`, `{% ${all.join(" ")} %}`),
		);
	const blocks = fc.array(block, { maxLength: 6 }).map((all) => all.join(""));
	fc.assert(
		fc.property(fc.oneof(soup, blocks), (template) => {
			expect(typeof outcomeOf(template)).toBe("string");
		}),
		{ numRuns: 1500 },
	);
});
