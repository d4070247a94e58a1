import { expect, test } from "vitest";
import {
	freshContent,
	withFirstSettings,
	withRecommended,
} from "./session-content.ts";
import { defaultSettings } from "./settings.ts";

const models = [
	{ id: "careful", recommended: { temperature: 0, top_k: 20 } },
	{ id: "free", recommended: { temperature: 0.8 } },
	{ id: "unknown", recommended: {} },
];

test("a fresh chat begins with what the model's publisher recommends", () => {
	const content = withFirstSettings<"chat">(
		freshContent("chat", "careful"),
		models,
	);
	expect(content.settings.parameters).toEqual({ temperature: 0, top_k: 20 });
	expect(withFirstSettings<"chat">(content, models)).toBe(content);
});

test("what somebody set comes before what is recommended", () => {
	const content = freshContent("chat", "careful");
	const own = {
		...content,
		settings: { ...content.settings, parameters: { temperature: 1.5 } },
	};
	expect(withFirstSettings<"chat">(own, models).settings.parameters).toEqual({
		temperature: 1.5,
		top_k: 20,
	});
});

test("a chat that was begun stays as it is", () => {
	const content = freshContent("completions", "careful");
	const asked = { ...content, answer: {} as never };
	expect(withFirstSettings<"completions">(asked, models)).toBe(asked);
});

test("each column of a comparison has its own model's", () => {
	const content = freshContent("compare", "careful");
	const [first, second] = content.columns;
	const both = {
		...content,
		columns: [first, second].flatMap((column, place) =>
			column === undefined
				? []
				: [
						{
							...column,
							settings: {
								...column.settings,
								model: place === 0 ? "careful" : "free",
							},
						},
					],
		),
	};
	expect(
		withFirstSettings<"compare">(both, models).columns.map(
			({ settings }) => settings.parameters,
		),
	).toEqual([{ temperature: 0, top_k: 20 }, { temperature: 0.8 }]);
});

test("another model brings its own; what somebody set stays", () => {
	const careful = withRecommended(
		{ ...defaultSettings, parameters: { seed: 7 } },
		"careful",
		models,
	);
	expect(careful.parameters).toEqual({ temperature: 0, top_k: 20, seed: 7 });
	const changed = {
		...careful,
		parameters: { ...careful.parameters, top_k: 5 },
	};
	expect(withRecommended(changed, "free", models)).toMatchObject({
		model: "free",
		parameters: { temperature: 0.8, top_k: 5, seed: 7 },
	});
	expect(withRecommended(careful, "unknown", models).parameters).toEqual({
		seed: 7,
	});
});
