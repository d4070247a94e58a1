import { fileURLToPath } from "node:url";
import { Ajv2020 as Ajv } from "ajv/dist/2020.js";
import OpenAI, { type APIError } from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { startService } from "./start-service.ts";

const starter = fileURLToPath(
	new URL("../models/starter-chat/starter-chat-q8_0.gguf", import.meta.url),
);

let service: Awaited<ReturnType<typeof startService>>;
let client: OpenAI;

beforeAll(async () => {
	service = await startService(starter, { maxNumSeqs: 4 });
	client = new OpenAI({
		baseURL: `${service.url}/v1`,
		apiKey: "none",
		maxRetries: 0,
	});
}, 60_000);
afterAll(() => service[Symbol.asyncDispose](), 30_000);

const messages = [
	{ role: "user" as const, content: "Tell me about the capital of France." },
];

/** Asks in many ways at once; the text and the finish reason of every choice. */
async function ask(fields: object, seeds = 8) {
	const answers = await Promise.all(
		Array.from({ length: seeds }, (_, seed) =>
			client.chat.completions.create({
				model: "starter-chat-q8_0",
				messages,
				temperature: 1,
				max_completion_tokens: 160,
				seed,
				...fields,
			}),
		),
	);
	return answers.flatMap(({ choices }) =>
		choices.map(({ message, finish_reason }) => ({
			text: message.content ?? "",
			reason: finish_reason,
		})),
	);
}

const city = {
	type: "object",
	properties: {
		name: { type: "string", maxLength: 20 },
		population: { type: "integer", minimum: 0, maximum: 100_000_000 },
		rivers: {
			type: "array",
			items: { enum: ["Seine", "Thames", "Tiber"] },
			maxItems: 3,
		},
		twin: { anyOf: [{ type: "null" }, { $ref: "#" }] },
	},
	required: ["name", "population", "rivers"],
	additionalProperties: false,
};

const formatOf = (schema: object) => ({
	response_format: {
		type: "json_schema",
		json_schema: { name: "city", schema },
	},
});

describe("at temperature 1, whatever the seed,", () => {
	test("every finished answer is what its schema allows", async () => {
		const isCity = new Ajv().compile(city);
		const answers = await ask(formatOf(city), 10);
		const finished = answers.filter(({ reason }) => reason === "stop");
		expect(finished.length).toBeGreaterThan(1);
		for (const { text } of finished)
			expect(isCity(JSON.parse(text)), text).toBe(true);
		for (const { reason } of answers)
			expect(["stop", "length"]).toContain(reason);
	}, 60_000);

	test("answers match a pattern as a whole, choices too, and several of one request", async () => {
		for (const { text, reason } of await ask({
			guided_regex: "(Paris|Rome): [0-9]{2,4}( people)?",
			n: 2,
		})) {
			expect(text).toMatch(/^(Paris|Rome): [0-9]{2,4}( people)?$/);
			expect(reason).toBe("stop");
		}
		for (const { text, reason } of await ask({
			structured_outputs: { choice: ["red", "reddish", "blue"] },
		})) {
			expect(["red", "reddish", "blue"]).toContain(text);
			expect(reason).toBe("stop");
		}
	}, 60_000);

	test("json_object gives an object, and a grammar what it says", async () => {
		for (const { text, reason } of await ask(
			{
				response_format: { type: "json_object" },
				max_completion_tokens: 60,
			},
			5,
		))
			if (reason === "stop") expect(JSON.parse(text)).toBeTypeOf("object");
		const grammar = `root ::= item+ # a list
			item ::= "- " [a-z]{1,8} "\\n"`;
		for (const { text, reason } of await ask({
			nvext: { guided_grammar: grammar },
			max_completion_tokens: 40,
		}))
			if (reason === "stop") expect(text).toMatch(/^(- [a-z]{1,8}\n)+$/);
	}, 60_000);

	test("the end comes no earlier for min_tokens or ignore_eos, and no later than the constraint has it", async () => {
		for (const fields of [{ min_tokens: 50 }, { ignore_eos: true }])
			for (const { text, reason } of await ask(
				{
					...fields,
					guided_regex: "a{2,30}b?",
				},
				3,
			)) {
				expect(text).toMatch(/^a{30}b?$|^a{2,30}b$/);
				expect(reason).toBe("stop");
			}
	}, 60_000);
});

describe("a constrained answer", () => {
	test("is cut by max_tokens with the reason length", async () => {
		const [answer] = await ask(
			{ ...formatOf(city), max_completion_tokens: 3 },
			1,
		);
		expect(answer?.reason).toBe("length");
	});

	test("ends at a stop string", async () => {
		const answer = await client.chat.completions.create({
			model: "starter-chat-q8_0",
			messages,
			stop: ['"population"'],
			...formatOf(city),
		} as OpenAI.ChatCompletionCreateParamsNonStreaming);
		expect(answer.choices[0]?.finish_reason).toBe("stop");
		expect(answer.choices[0]?.message.content).toMatch(/^\{\s*"name"/);
		expect(answer.choices[0]?.message.content).not.toContain("population");
	});

	test("streams the same text, with raw log-probabilities", async () => {
		const body = {
			model: "starter-chat-q8_0",
			messages,
			temperature: 0,
			max_completion_tokens: 60,
			...formatOf(city),
		} as const;
		const whole = await client.chat.completions.create({
			...body,
		} as OpenAI.ChatCompletionCreateParamsNonStreaming);
		const stream = await client.chat.completions.create({
			...body,
			stream: true,
			logprobs: true,
		} as OpenAI.ChatCompletionCreateParamsStreaming);
		let text = "";
		let surprise = 0;
		for await (const { choices } of stream) {
			text += choices[0]?.delta.content ?? "";
			for (const { logprob } of choices[0]?.logprobs?.content ?? [])
				surprise = Math.min(surprise, logprob);
		}
		expect(text).toBe(whole.choices[0]?.message.content);
		// The model would not have begun with a brace: log-probabilities are its own, not those left over by the mask.
		expect(surprise).toBeLessThan(-1);
	});

	test("is parsed by the official client's zod helper", async () => {
		const shape = z.object({
			capital: z.enum(["Paris", "Rome"]),
			isBig: z.boolean(),
		});
		const answer = await client.chat.completions.parse({
			model: "starter-chat-q8_0",
			messages,
			response_format: zodResponseFormat(shape, "answer"),
		});
		expect(["Paris", "Rome"]).toContain(
			answer.choices[0]?.message.parsed?.capital,
		);
	});

	test("is the same with guesses from a prompt that repeats it", async () => {
		const record =
			'{"name": "Paris", "population": 2100000, "rivers": ["Seine"]}';
		const repeating = [
			{ role: "user" as const, content: `Repeat: ${`${record}\n`.repeat(6)}` },
		];
		const isCity = new Ajv().compile(city);
		for (const { text, reason } of await ask(
			{ ...formatOf(city), messages: repeating, temperature: 0.5 },
			4,
		))
			if (reason === "stop") expect(isCity(JSON.parse(text)), text).toBe(true);
	}, 60_000);
});

describe("a constraint that can't be followed", () => {
	const refusal = (fields: object) =>
		client.chat.completions
			.create({
				model: "starter-chat-q8_0",
				messages,
				max_completion_tokens: 5,
				...fields,
			} as OpenAI.ChatCompletionCreateParamsNonStreaming)
			.then(
				() => null,
				(error: APIError) => error,
			);

	test("is a 400 that names the field and the place", async () => {
		expect(
			await refusal(
				formatOf({ type: "object", properties: { a: { type: "strnig" } } }),
			),
		).toMatchObject({
			status: 400,
			code: "invalid_request",
			param: "response_format.json_schema.schema",
			message: expect.stringContaining("/properties/a"),
		});
		const schema = { type: "object", properties: { a: { type: "string" } } };
		expect(
			await refusal({
				response_format: {
					type: "json_schema",
					json_schema: { name: "open", strict: true, schema },
				},
			}),
		).toMatchObject({
			status: 400,
			param: "response_format.json_schema.schema",
			message: expect.stringContaining("additionalProperties"),
		});
		expect(
			await refusal({ guided_regex: "a(?=b)", stream: true }),
		).toMatchObject({
			status: 400,
			param: "guided_regex",
		});
		expect(await refusal({ guided_grammar: 'root ::= "a\nb' })).toMatchObject({
			status: 400,
			param: "guided_grammar",
			message: expect.stringMatching(/line 1, column 10/),
		});
	});

	test("is a 400 within seconds, and holds up no stream", async () => {
		const stream = await client.chat.completions.create({
			model: "starter-chat-q8_0",
			messages,
			stream: true,
			max_completion_tokens: 200,
			ignore_eos: true,
		} as OpenAI.ChatCompletionCreateParamsStreaming);
		const gaps: number[] = [];
		const reading = (async () => {
			let last = performance.now();
			for await (const _ of stream) {
				gaps.push(performance.now() - last);
				last = performance.now();
			}
		})();
		let deep: object = { type: "string" };
		for (let level = 0; level < 800; level++)
			deep = { allOf: [deep, { minLength: level }] };
		const hostile = [
			{ guided_regex: "(a|aa|b)*c(a|b){5000}(.*x){50}" },
			{ guided_regex: "(.*(a|b).{30}c){3}.*d" },
			formatOf(deep),
			formatOf({
				type: "object",
				patternProperties: Object.fromEntries(
					Array.from({ length: 60 }, (_, i) => [
						`(a|b).{${i}}c.*d`,
						{ type: "number", multipleOf: i + 1 },
					]),
				),
			}),
		];
		const from = performance.now();
		const refusals = await Promise.all(hostile.map(refusal));
		const seconds = (performance.now() - from) / 1000;
		for (const error of refusals)
			if (error !== null) expect(error.status).toBe(400);
		expect(refusals.filter((error) => error !== null).length).toBeGreaterThan(
			1,
		);
		expect(seconds).toBeLessThan(25);
		await reading;
		expect(gaps.length).toBeGreaterThan(50);
	}, 60_000);
});
