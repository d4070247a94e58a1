import { expect, it } from "vitest";
import { ChatTemplates } from "./chat-template.ts";

function render(template: string, variables: Record<string, unknown> = {}) {
	const templates = new ChatTemplates({
		template,
		bosToken: "",
		eosToken: "",
	});
	return templates.render([{ role: "user", content: "Hi" }], {
		addGenerationPrompt: false,
		variables,
	});
}

it("writes mappings and lists as Python does for the filter string", () => {
	const value = { a: [1, true, null, 1.5], "b'": 'x"y\n', c: "it's" };
	expect(render("{{ v | string }}", { v: value })).toBe(
		`{'a': [1, True, None, 1.5], "b'": 'x"y\\n', 'c': "it's"}`,
	);
});

it("takes what is undefined as an empty text", () => {
	expect(render("<{{ nothing | trim }}{{ nothing | upper }}>")).toBe("<>");
});

it("finds the least and the greatest of a list", () => {
	expect(render("{{ [3, 1, 2] | min }} {{ ['b', 'a'] | max }}")).toBe("1 b");
	expect(() => render("{{ [1, 'a'] | min }}")).toThrow(/no order/);
});

it("formats texts with empty and numbered fields", () => {
	expect(render("{{ '<{}|{}>{{}}'.format('a', 1) }}")).toBe("<a|1>{}");
	expect(render("{{ '{1}{0}'.format('a', 'b') }}")).toBe("ba");
	expect(() => render("{{ '{}{}'.format('a') }}")).toThrow(/no argument/);
});

it("stops a format that grows too long", () => {
	const fields = "{0}".repeat(2000);
	expect(() =>
		render(`{{ '${fields}'.format(v) }}`, { v: "x".repeat(100_000) }),
	).toThrow(/stopped/);
});

it("unpacks tuples in a loop", () => {
	const template =
		"{% for a, b in [('x', 1), ('y', 2)] %}{{ a }}{{ b }}{% endfor %}";
	expect(render(template)).toBe("x1y2");
});
