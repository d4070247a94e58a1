import { describe, expect, it } from "vitest";
import { badBodiesByRoute, bodyRows } from "./testing/bad-bodies.ts";
import { createScriptedService } from "./testing/scripted-service.ts";
import { createTestServer } from "./testing/test-server.ts";

describe.each(badBodiesByRoute)("POST %s answers 400 to", (url, rows) => {
	const scripted = createScriptedService({ adapters: ["lora-a"] });
	const { app } = createTestServer({}, scripted);

	it.each([...bodyRows, ...rows])(
		"%s",
		async (_what, body, param, message, code = "invalid_request") => {
			const answer = await app.inject({
				method: "POST",
				url,
				headers: { "content-type": "application/json" },
				payload: typeof body === "string" ? body : JSON.stringify(body),
			});
			const { error } = answer.json();
			expect(error.message).toMatch(message);
			expect({
				param: error.param,
				code: error.code,
				status: answer.statusCode,
			}).toEqual({
				param,
				code,
				status: code === "model_not_found" ? 404 : 400,
			});
			expect(error.type).toBe(
				code === "model_not_found"
					? "not_found_error"
					: "invalid_request_error",
			);
			expect(scripted.requests).toEqual([]);
		},
	);
});

describe("a body that is not JSON in UTF-8", () => {
	const { app } = createTestServer({ maxBodyBytes: 1000 });
	const post = (payload: string | Buffer, headers: Record<string, string>) =>
		app.inject({ method: "POST", url: "/tokenize", payload, headers });

	it.each([
		"text/plain",
		"application/x-www-form-urlencoded",
		"application/xml",
	])("is 415 as %s", async (type) => {
		const answer = await post('{"prompt":"x"}', { "content-type": type });
		expect(answer.statusCode).toBe(415);
		expect(answer.json().error).toMatchObject({
			code: "unsupported_media_type",
			message: expect.stringContaining("Content-Type: application/json"),
		});
	});

	it("is 415 when compressed", async () => {
		const answer = await post("{}", {
			"content-type": "application/json",
			"content-encoding": "gzip",
		});
		expect(answer.statusCode).toBe(415);
	});

	it("is 400 when it is not UTF-8", async () => {
		const bytes = Buffer.concat([
			Buffer.from('{"prompt":"'),
			Buffer.of(0xff, 0xfe),
			Buffer.from('"}'),
		]);
		const answer = await post(bytes, { "content-type": "application/json" });
		expect(answer.statusCode).toBe(400);
		expect(answer.json().error).toMatchObject({
			code: "invalid_json",
			message: expect.stringContaining("UTF-8"),
		});
	});

	it("is 413 above the limit, which the message names", async () => {
		const answer = await post(JSON.stringify({ prompt: "x".repeat(1000) }), {
			"content-type": "application/json",
		});
		expect(answer.statusCode).toBe(413);
		expect(answer.json().error).toMatchObject({
			code: "payload_too_large",
			message: expect.stringContaining("1000 bytes"),
		});
	});

	it("may say its charset and begin with a byte order mark", async () => {
		const answer = await post('\ufeff{"prompt":"x"}', {
			"content-type": "application/json; charset=utf-8",
		});
		expect(answer.statusCode).toBe(200);
	});
});

describe("what clients send habitually", () => {
	const { app, scripted } = createTestServer();

	it("is accepted without effect", async () => {
		const payload = {
			model: "scripted",
			messages: [
				{ role: "developer", content: "Be kind.", name: null },
				{
					role: "user",
					content: [
						{ type: "text", text: "Hello" },
						{ type: "text", text: "you" },
					],
					name: "Ann",
				},
				{
					role: "assistant",
					content: null,
					refusal: null,
					annotations: [],
					audio: null,
					function_call: null,
					tool_calls: [],
				},
				{
					role: "assistant",
					content: "",
					tool_calls: [
						{
							id: "1",
							type: "function",
							function: { name: "f", arguments: "{}" },
						},
					],
				},
				{ role: "tool", tool_call_id: "1", content: "4" },
			],
			user: "u",
			safety_identifier: "s",
			metadata: { a: "b" },
			store: true,
			service_tier: "auto",
			prediction: { type: "content", content: "x" },
			prompt_cache_key: "k",
			cache_salt: "salt",
			parallel_tool_calls: true,
			temperature: null,
			stop: null,
			max_tokens: null,
			tools: [],
			tool_choice: "none",
			response_format: { type: "text" },
			modalities: ["text"],
			logprobs: false,
			top_logprobs: null,
			stream_options: null,
			nvext: null,
		};
		const answer = await app.inject({
			method: "POST",
			url: "/v1/chat/completions",
			payload,
		});
		expect(answer.json().error).toBeUndefined();
		expect(answer.statusCode).toBe(200);
	});

	it("becomes the request's parameters, from the top level and from nvext", async () => {
		const payload = {
			prompt: "x",
			n: 2,
			best_of: 2,
			seed: -1,
			stop: "END",
			logit_bias: { 5: -100, 6: 3.5 },
			top_k: -1,
			repeat_last_n: 64,
			dry_multiplier: 0.8,
			skip_special_tokens: false,
			priority: -3,
			nvext: {
				repetition_penalty: 1.2,
				ignore_eos: true,
				min_tokens: 2,
				top_k: -1,
			},
		};
		const answer = await app.inject({
			method: "POST",
			url: "/v1/completions",
			payload,
		});
		expect(answer.statusCode).toBe(200);
		expect(scripted.requests.at(-1)).toMatchObject({
			choices: 2,
			priority: -3,
			renderSpecialTokens: true,
			sampling: {
				topK: 0,
				seed: 0xffffffff,
				repetitionPenalty: 1.2,
				penaltyLastTokens: 64,
				dry: { multiplier: 0.8, base: 1.75 },
				logitBias: [
					[5, -100],
					[6, 3.5],
				],
			},
			stop: {
				stopStrings: ["END"],
				ignoreEos: true,
				minTokens: 2,
				maxTokens: 16,
			},
		});
	});

	it("may hold lone surrogates, which become U+FFFD", async () => {
		const answer = await app.inject({
			method: "POST",
			url: "/tokenize",
			headers: { "content-type": "application/json" },
			payload:
				'{"prompt":"a\\ud800b","add_special_tokens":false,"return_token_strs":false}',
		});
		expect(answer.json().tokens).toEqual([...Buffer.from("a\ufffdb")]);
	});
});
