import { describe, expect, it } from "vitest";
import { requestStream } from "./testing/request-stream.ts";
import { createTestServer } from "./testing/test-server.ts";

const legacy = "/v1/completions";

describe("text completions", () => {
	it("stream OpenAI's chunks", async () => {
		const server = createTestServer();
		server.scripted.setScript({ deltas: ["a"] });
		const { data, chunks } = await requestStream(server, legacy, {
			prompt: "x",
		});
		const { id, created, system_fingerprint } = chunks[0];
		expect(id).toMatch(/^cmpl-[0-9a-f]{32}$/);
		const head = `{"id":"${id}","object":"text_completion","created":${created},"model":"scripted","system_fingerprint":"${system_fingerprint}","choices":[`;
		expect(data).toEqual([
			`${head}{"text":"a","index":0,"logprobs":null,"finish_reason":null}]}`,
			`${head}{"text":"","index":0,"logprobs":null,"finish_reason":"stop","stop_reason":null}]}`,
			"[DONE]",
		]);
	});

	it("number choices prompt by prompt and sum the usage", async () => {
		const server = createTestServer();
		server.scripted.setScript(({ promptTokens }) => ({
			deltas: [`<${promptTokens.length}>`],
		}));
		const answer = await server.app.inject({
			method: "POST",
			url: legacy,
			payload: { prompt: ["a", "bb", "ccc"], n: 2 },
		});
		const { choices, usage } = answer.json();
		expect(choices.map(({ text }: { text: string }) => text)).toEqual([
			"<2>",
			"<2>",
			"<3>",
			"<3>",
			"<4>",
			"<4>",
		]);
		expect(choices.map(({ index }: { index: number }) => index)).toEqual([
			0, 1, 2, 3, 4, 5,
		]);
		expect(usage).toMatchObject({ prompt_tokens: 9, completion_tokens: 18 });
	});

	it("echo the prompt with its logprobs and offsets in code points", async () => {
		const server = createTestServer();
		server.scripted.setScript({ deltas: ["c"] });
		const answer = await server.app.inject({
			method: "POST",
			url: legacy,
			payload: { prompt: "a😀", echo: true, logprobs: 1, max_tokens: 5 },
		});
		const [choice] = answer.json().choices;
		expect(choice.text).toBe("a😀c");
		expect(choice.logprobs).toEqual({
			tokens: [
				"<s>",
				"a",
				"bytes:\\xf0",
				"bytes:\\x9f",
				"bytes:\\x98",
				"bytes:\\x80",
				"c",
			],
			token_logprobs: [null, -0.5, -0.5, -0.5, -0.5, -0.5, -0.5],
			top_logprobs: [
				null,
				{ a: -0.5 },
				{ "bytes:\\xf0": -0.5 },
				{ "bytes:\\x9f": -0.5 },
				{ "bytes:\\x98": -0.5 },
				{ "bytes:\\x80": -0.5 },
				{ c: -0.5 },
			],
			text_offset: [0, 0, 1, 1, 1, 1, 2],
		});
	});

	it("score a prompt without continuing it", async () => {
		const server = createTestServer();
		const answer = await server.app.inject({
			method: "POST",
			url: legacy,
			payload: { prompt: [104, 105], echo: true, logprobs: 0, max_tokens: 0 },
		});
		const { choices, usage } = answer.json();
		expect(choices[0]).toMatchObject({ text: "hi", finish_reason: "length" });
		expect(choices[0].logprobs.tokens).toEqual(["h", "i"]);
		expect(choices[0].logprobs.top_logprobs).toBeNull();
		expect(usage).toMatchObject({ prompt_tokens: 2, completion_tokens: 0 });
	});

	it("report prompt logprobs as vLLM does", async () => {
		const { app } = createTestServer();
		const answer = await app.inject({
			method: "POST",
			url: legacy,
			payload: { prompt: [104, 105], prompt_logprobs: 1 },
		});
		expect(answer.json().choices[0].prompt_logprobs).toEqual([
			null,
			{ 105: { logprob: -0.5, rank: 1, decoded_token: "i" } },
		]);
	});

	it("generate 16 tokens unless told otherwise, fewer where the context ends", async () => {
		const { app, scripted } = createTestServer();
		const ask = (prompt: string) =>
			app.inject({ method: "POST", url: legacy, payload: { prompt } });
		await ask("x");
		await ask("x".repeat(4090));
		const limits = scripted.requests.map(({ stop }) => stop.maxTokens);
		expect(limits).toEqual([16, 5]);
	});
});
