import { expect, test } from "vitest";
import { modelsFor, panelFor, toPlaygroundModels } from "./model-choice.ts";

const models = toPlaygroundModels({
	served: [
		{ id: "talker", parent: null, max_model_len: 2048 },
		{ id: "talker-sql", parent: "talker" },
		{ id: "eyes", parent: null },
		{ id: "vectors", parent: null },
		{ id: "ranks", parent: null },
		{ id: "mystery", parent: null },
	],
	services: [
		{ name: "talker", model: "talker", task: "chat" },
		{ name: "eyes", model: "some-vlm", task: null },
		{ name: "vectors", model: "x", task: "embedding" },
		{ name: "ranks", model: "y", task: "reranking" },
	],
	entries: [
		{
			id: "some-vlm",
			tasks: ["vision-language"],
			capabilities: { vision: true },
		},
	],
});
const names = (panel: Parameters<typeof modelsFor>[0]) =>
	modelsFor(panel, models).map(({ id }) => id);

test("a panel offers the models that do its task, and those nobody knows", () => {
	expect(names("chat")).toEqual(["talker", "talker-sql", "eyes", "mystery"]);
	expect(names("embeddings")).toEqual(["vectors", "mystery"]);
	expect(names("reranking")).toEqual(["ranks", "mystery"]);
});

test("only a model that is said to see takes pictures", () => {
	expect(
		models.filter(({ seesImages }) => seesImages).map(({ id }) => id),
	).toEqual(["eyes"]);
});

test("a model opens the panel that suits it, unless one is asked for", () => {
	expect(panelFor(models[3], undefined)).toBe("embeddings");
	expect(panelFor(models[3], "completion")).toBe("completions");
	expect(panelFor(undefined, "nonsense")).toBe("chat");
});
