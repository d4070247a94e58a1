import fastify from "fastify";
import { describe, expect, it } from "vitest";
import type { ApiContext } from "./api-context.ts";
import { defaultApiOptions } from "./api-options.ts";
import { registerRoutes } from "./routes.ts";
import { createTestServer } from "./testing/test-server.ts";

const { app } = createTestServer();
const document = (await app.inject("/openapi.json")).json();

/** Every schema in the document, with where it is. */
function* schemasIn(value: unknown, path: string): Generator<[string, object]> {
	if (typeof value !== "object" || value === null) return;
	for (const [key, child] of Object.entries(value)) {
		if (key === "schema") yield [`${path}/${key}`, child];
		yield* schemasIn(child, `${path}/${key}`);
	}
}

describe("the OpenAPI document", () => {
	it("is version 3.1 with what it must have", () => {
		expect(document.openapi).toBe("3.1.0");
		expect(document.info).toMatchObject({ version: "1.2.3" });
		expect(Object.keys(document.paths).length).toBeGreaterThan(15);
	});

	it("lists every route that the server has", () => {
		const listed = Object.entries(document.paths).flatMap(([path, item]) =>
			Object.keys(item as object).map((method) => `${method} ${path}`),
		);
		const known: string[] = [];
		const probe = fastify({ exposeHeadRoutes: false });
		probe.addHook("onRoute", ({ method, url }) => {
			const path = url.replace("*", "{model}").replace(/:(\w+)/g, "{$1}");
			if (!path.startsWith("/docs")) {
				known.push(`${String(method).toLowerCase()} ${path}`);
			}
		});
		const options = { ...defaultApiOptions, version: "" };
		registerRoutes(probe, { options } as ApiContext);
		expect(known.length).toBeGreaterThan(15);
		expect(listed.sort()).toEqual(known.sort());
	});

	it("gives each operation an id of its own and answers", () => {
		const operations = Object.values(document.paths).flatMap((item) =>
			Object.values(
				item as Record<
					string,
					{
						operationId: string;
						responses: Record<string, { description: string }>;
					}
				>,
			),
		);
		const ids = operations.map(({ operationId }) => operationId);
		expect(new Set(ids).size).toBe(ids.length);
		for (const { responses } of operations) {
			expect(Object.keys(responses)).toContain("200");
			for (const response of Object.values(responses)) {
				expect(response.description).not.toBe("");
			}
		}
	});

	it("declares path parameters", () => {
		const { parameters } = document.paths["/v1/models/{model}"].get;
		expect(parameters).toMatchObject([
			{ in: "path", name: "model", required: true },
		]);
	});

	it("resolves every reference it makes", () => {
		const references = [
			...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]*)"/g),
		];
		for (const [, pointer = ""] of references) {
			const target = pointer
				.split("/")
				.reduce((value, key) => value?.[key], document);
			expect(target).toBeDefined();
		}
	});

	it("uses only JSON Schema's types", () => {
		const types = new Set([
			"object",
			"array",
			"string",
			"number",
			"integer",
			"boolean",
			"null",
		]);
		let count = 0;
		for (const [path, schema] of schemasIn(document.paths, "")) {
			count++;
			const text = JSON.stringify(schema);
			for (const [, type = ""] of text.matchAll(/"type":"(\w+)"/g)) {
				expect(types, path).toContain(type);
			}
			expect(text, path).not.toContain('"nullable"');
		}
		expect(count).toBeGreaterThan(20);
	});

	it("shows the fields of a chat completion", () => {
		const { schema } =
			document.paths["/v1/chat/completions"].post.requestBody.content[
				"application/json"
			];
		expect(schema.required).toEqual(["messages"]);
		expect(schema.additionalProperties).toBe(false);
		expect(schema.properties.messages).toMatchObject({
			type: "array",
			minItems: 1,
		});
		expect(schema.properties.temperature.anyOf[0]).toMatchObject({
			type: "number",
			maximum: 2,
		});
		expect(schema.properties.logit_bias.anyOf[0]).toMatchObject({
			type: "object",
		});
	});
});
