import { describe, expect, test } from "vitest";
import { externalModels, readModelList } from "./external-models.ts";

const list = readModelList(
	JSON.stringify({
		data: [
			{ id: "org/base", max_model_len: 4096 },
			{ id: "json", parent: "org/base", max_model_len: 4096 },
			{ id: "other", meta: { n_ctx: 512 } },
			{ nothing: 1 },
		],
	}),
);
const asked = { model: null, servedName: null, created: 1 };
const ids = (more: object) =>
	externalModels(list, { ...asked, ...more }).entries.map(
		({ id, root, parent }) => `${id} ${root} ${parent}`,
	);

describe("a server's models", () => {
	test("are the one that was asked for and its adapters, by our name for it", () => {
		expect(ids({ model: "org/base", servedName: "base" })).toEqual([
			"base base null",
			"json base base",
		]);
		const { names } = externalModels(list, {
			...asked,
			model: "org/base",
			servedName: "base",
		});
		expect([...names]).toEqual([
			["base", "org/base"],
			["json", "json"],
		]);
	});

	test("are all of them when nothing was said", () => {
		expect(ids({})).toEqual([
			"org/base org/base null",
			"json org/base org/base",
			"other other null",
		]);
	});

	test("may be called by a file where there is only one", () => {
		const one = readModelList('{"data":[{"id":"/models/x.gguf"}]}');
		const { entries, names } = externalModels(one, { ...asked, model: "x" });
		expect(entries).toMatchObject([{ id: "x", parent: null }]);
		expect(names.get("x")).toBe("/models/x.gguf");
	});

	test("that aren't there are told with those that are", () => {
		expect(() => ids({ model: "org/bsae" })).toThrow(/'org\/base', 'json'/);
		expect(() => readModelList("<p>")).toThrow(/no list of models/);
	});
});
