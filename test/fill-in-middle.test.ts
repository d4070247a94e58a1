import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeRandomModel } from "../bench/random-model/random-model.ts";
import { shapes } from "../bench/random-model/shapes.ts";
import { startService } from "./start-service.ts";

const marks = { prefix: 1021, suffix: 1022, middle: 1023 };
const id = (value: number) => ({ type: "uint32" as const, value });

/** The keys of models of today, and those that were written before. */
const keys = {
	newer: {
		"tokenizer.ggml.fim_pre_token_id": id(marks.prefix),
		"tokenizer.ggml.fim_suf_token_id": id(marks.suffix),
		"tokenizer.ggml.fim_mid_token_id": id(marks.middle),
	},
	older: {
		"tokenizer.ggml.prefix_token_id": id(marks.prefix),
		"tokenizer.ggml.suffix_token_id": id(marks.suffix),
		"tokenizer.ggml.middle_token_id": id(marks.middle),
	},
};

let folder: string;
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "galley-middle-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function serve(metadata: (typeof keys)[keyof typeof keys] | undefined) {
	const path = join(folder, `${Math.random()}.gguf`);
	writeRandomModel({ shape: shapes.tiny, path, metadata });
	const service = await startService(path, { maxNumSeqs: 2 });
	const tokensOf = (text: string) => [
		...service.model.tokenize(text, { addSpecial: false, parseSpecial: true }),
	];
	const post = async (body: object, path = "/v1/completions") => {
		const answer = await fetch(service.url + path, {
			method: "POST",
			headers: { "content-type": "application/json" },
			body: JSON.stringify({ max_tokens: 4, temperature: 0, ...body }),
		});
		return { status: answer.status, body: JSON.parse(await answer.text()) };
	};
	return { service, post, tokensOf };
}

describe.each(["newer", "older"] as const)("a model with %s keys", (name) => {
	test("is given prefix, suffix and middle, and fills it in", async () => {
		const { service, post, tokensOf } = await serve(keys[name]);
		await using _ = service;
		const [before, behind] = [tokensOf("def add("), tokensOf("return a")];
		const expected = [
			marks.prefix,
			...before,
			marks.suffix,
			...behind,
			marks.middle,
		];
		const suffix = "return a";
		const rendered = await post(
			{ prompt: "def add(", suffix },
			"/v1/completions/render",
		);
		expect(rendered.body[0].token_ids).toEqual(expected);
		const ids = await post(
			{ prompt: [before, before], suffix },
			"/v1/completions/render",
		);
		expect(
			ids.body.map((one: { token_ids: number[] }) => one.token_ids),
		).toEqual([expected, expected]);
		const client = new OpenAI({ baseURL: `${service.url}/v1`, apiKey: "none" });
		const [model] = (await client.models.list()).data;
		const params = { model: model?.id ?? "", max_tokens: 4, temperature: 0 };
		const filled = await client.completions.create({
			...params,
			prompt: "def add(",
			suffix,
		});
		expect(filled.usage?.prompt_tokens).toBe(expected.length);
		const written = await client.completions.create({
			...params,
			prompt: expected,
		});
		expect(filled.choices[0]?.text).toBe(written.choices[0]?.text);
		const echoed = await post({ prompt: "a", suffix, echo: true });
		expect(echoed.status).toBe(400);
		expect(echoed.body.error.param).toBe("suffix");
	}, 60_000);
});

test("a model without such tokens says so", async () => {
	const { service, post } = await serve(undefined);
	await using _ = service;
	const refused = await post({ prompt: "def add(", suffix: "return a" });
	expect(refused.status).toBe(400);
	expect(refused.body.error).toMatchObject({
		param: "suffix",
		code: "unsupported_parameter",
		message: expect.stringContaining("can't fill in the middle"),
	});
	expect((await post({ prompt: "def add(", suffix: "" })).status).toBe(200);
}, 60_000);
