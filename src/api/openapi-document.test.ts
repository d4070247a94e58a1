import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import fastify from "fastify";
import { describe, expect, it } from "vitest";
import type { ApiContext } from "./api-context.ts";
import { defaultApiOptions } from "./api-options.ts";
import { registerRoutes } from "./routes.ts";
import { createTestServer } from "./testing/test-server.ts";

const { app } = createTestServer({ managesAdapters: true });
const document = (await app.inject("/openapi.json")).json();

/** Every schema in the document, with where it is. */
function* schemasIn(value: unknown, path: string): Generator<[string, object]> {
	if (typeof value !== "object" || value === null) return;
	for (const [key, child] of Object.entries(value)) {
		if (key === "schema") yield [`${path}/${key}`, child];
		yield* schemasIn(child, `${path}/${key}`);
	}
}

interface Media {
	schema: object;
	example?: unknown;
}

interface Operation {
	operationId: string;
	requestBody?: { content: Record<string, Media> };
	responses: Record<
		string,
		{ description: string; content?: Record<string, Media> }
	>;
}

const operations = Object.entries(document.paths).flatMap(([path, item]) =>
	Object.entries(item as Record<string, Operation>).map(
		([method, operation]) => ({ method, path, operation }),
	),
);

const ajv = new Ajv2020({ strict: false, validateFormats: false });

/** What is wrong with a value; empty when nothing is. */
function faultsOf({ schema }: Media, value: unknown): string {
	const validate = ajv.compile(schema);
	return validate(value) ? "" : ajv.errorsText(validate.errors);
}

const isJson = (type: string) => type === "application/json";

describe("the OpenAPI document", () => {
	it("is what the official schema of OpenAPI 3.1 allows", async () => {
		// The page at /docs brings the specification's own schema along.
		const page = createRequire(import.meta.url).resolve(
			"@scalar/fastify-api-reference",
		);
		const parser = createRequire(page).resolve("@scalar/openapi-parser");
		const { validate } = (await import(pathToFileURL(parser).href)) as {
			validate(document: unknown): Promise<{
				valid: boolean;
				version: string;
				errors: unknown[];
			}>;
		};
		expect(await validate(document)).toMatchObject({
			valid: true,
			version: "3.1",
			errors: [],
		});
		const broken = structuredClone(document);
		delete broken.info.title;
		expect((await validate(broken)).valid).toBe(false);
	});

	it.each(operations)(
		"has examples of $method $path that its schemas allow",
		({ operation }) => {
			const { requestBody, responses } = operation;
			const media = [
				...Object.values(requestBody?.content ?? {}),
				...Object.values(responses["200"]?.content ?? {}),
			];
			expect(media.length).toBeGreaterThan(0);
			for (const one of media) {
				expect(one).toHaveProperty("example");
				expect(faultsOf(one, one.example)).toBe("");
			}
		},
	);

	it.each(
		operations.filter(
			({ method, path }) =>
				method === "post" && !path.includes("{") && !path.includes("lora"),
		),
	)(
		"has an example of $path that is answered as its schema says",
		async ({ path, operation: { requestBody, responses } }) => {
			const request = requestBody?.content["application/json"]?.example;
			const answer = await app.inject({
				method: "POST",
				url: path,
				payload: request as object,
			});
			expect(answer.statusCode, answer.body).toBe(200);
			const media = responses["200"]?.content?.["application/json"];
			expect(faultsOf(media as Media, answer.json())).toBe("");
			const spoilt = { ...(request as object), wibble: 1 };
			const asked = requestBody?.content["application/json"];
			expect(faultsOf(asked as Media, spoilt)).not.toBe("");
			const refused = await app.inject({
				method: "POST",
				url: path,
				payload: spoilt,
			});
			expect(refused.statusCode).toBe(400);
			const error = responses["400"]?.content?.["application/json"];
			expect(faultsOf(error as Media, refused.json())).toBe("");
		},
	);

	it.each(
		operations.filter(
			({ method, path }) => method === "get" && !path.includes("{"),
		),
	)(
		"describes the answer of GET $path",
		async ({ path, operation: { responses } }) => {
			const answer = await app.inject({ url: path });
			expect(answer.statusCode).toBe(200);
			for (const [type, media] of Object.entries(
				responses["200"]?.content ?? {},
			)) {
				expect(answer.headers["content-type"]).toContain(type);
				if (isJson(type)) expect(faultsOf(media, answer.json())).toBe("");
			}
		},
	);

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
		const options = {
			...defaultApiOptions,
			managesAdapters: true,
			version: "",
		};
		registerRoutes(probe, { options } as ApiContext);
		expect(known.length).toBeGreaterThan(15);
		expect(listed.sort()).toEqual(known.sort());
	});

	it("gives each operation an id of its own and answers", () => {
		const ids = operations.map(({ operation }) => operation.operationId);
		expect(new Set(ids).size).toBe(ids.length);
		for (const {
			operation: { responses },
		} of operations) {
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
			expect(ajv.validateSchema(schema), path).toBe(true);
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
