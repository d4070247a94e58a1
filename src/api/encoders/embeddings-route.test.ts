import { describe, expect, it } from "vitest";
import { GalleyError } from "../../core/errors.ts";
import { createHashEmbedding } from "../testing/hash-encoder.ts";
import { createTestEncoder } from "../testing/test-encoder.ts";
import { listenForTest } from "../testing/test-server.ts";

const hash = createHashEmbedding();
const server = createTestEncoder(hash.service, { maxInputs: 20 });
const { app, entries, encoded, rejections } = server;

const embed = (payload: object) =>
	app.inject({ method: "POST", url: "/v1/embeddings", payload });

async function vectorsOf(payload: object): Promise<number[][]> {
	const answer = await embed(payload);
	expect(answer.statusCode, answer.body).toBe(200);
	const { data } = answer.json();
	return data.map(({ embedding }: { embedding: number[] }) => embedding);
}

describe("POST /v1/embeddings", () => {
	it("answers in OpenAI's form, in the order of the inputs", async () => {
		const answer = await embed({ model: "hash-embed", input: ["b", "a a"] });
		expect(answer.headers["content-type"]).toContain("application/json");
		expect(answer.json()).toMatchObject({
			object: "list",
			data: [
				{ object: "embedding", index: 0 },
				{ object: "embedding", index: 1 },
			],
			model: "hash-embed",
			usage: { prompt_tokens: 7, total_tokens: 7 },
		});
		expect(answer.json().data[0].embedding).toHaveLength(8);
		expect(entries.at(-1)).toMatchObject({
			route: "/v1/embeddings",
			status: 200,
			model: "hash-embed",
			promptTokens: 7,
		});
		expect(encoded.at(-1)).toMatchObject({ inputs: 2, promptTokens: 7 });
	});

	it("takes a text, texts, token ids, and arrays of token ids", async () => {
		const [text] = await vectorsOf({ input: "one" });
		const [inArray] = await vectorsOf({ input: ["one"] });
		expect(text).toEqual(inArray);
		const [ids] = await vectorsOf({ input: [1, 5, 2] });
		const both = await vectorsOf({ input: [[1, 5, 2], [7]] });
		expect(both[0]).toEqual(ids);
		expect(both).toHaveLength(2);
		expect(hash.requests.at(-1)?.inputs[1]).toEqual(Int32Array.of(7));
	});

	it("base64 holds the little-endian floats that the numbers are", async () => {
		const [numbers = []] = await vectorsOf({ input: "x" });
		const answer = await embed({ input: "x", encoding_format: "base64" });
		const bytes = Buffer.from(answer.json().data[0].embedding, "base64");
		expect(bytes).toHaveLength(32);
		const floats = numbers.map((_, index) => bytes.readFloatLE(4 * index));
		expect(floats).toEqual(numbers.map(Math.fround));
	});

	it("hands on input type, truncation and dimensions", async () => {
		await embed({
			input: "x",
			input_type: "passage",
			truncate: "START",
			dimensions: 4,
			user: "me",
		});
		expect(hash.requests.at(-1)).toMatchObject({
			inputType: "passage",
			truncation: "start",
			dimensions: 4,
		});
		await embed({ input: "x" });
		expect(hash.requests.at(-1)).toMatchObject({
			inputType: null,
			truncation: "none",
			dimensions: null,
		});
	});

	it.each(["query", "passage"])(
		"the model's name with -%s is NIM's input_type",
		async (inputType) => {
			const answer = await embed({
				model: `hash-embed-${inputType}`,
				input: "x",
			});
			expect(answer.json().model).toBe("hash-embed");
			expect(hash.requests.at(-1)?.inputType).toBe(inputType);
		},
	);

	it("int8, uint8, binary and ubinary are told by the floats", async () => {
		const [floats = []] = await vectorsOf({ input: "x" });
		const ofType = async (embedding_type: string) =>
			(await vectorsOf({ input: "x", embedding_type }))[0];
		const int8 = floats.map((value) => Math.round(127 * value));
		expect(await ofType("int8")).toEqual(int8);
		expect(await ofType("uint8")).toEqual(int8.map((value) => value + 128));
		const bits = floats.map((value) => (value > 0 ? 1 : 0)).join("");
		const packed = Number.parseInt(bits, 2);
		expect(await ofType("ubinary")).toEqual([packed]);
		expect(await ofType("binary")).toEqual([packed - 128]);
		const base64 = await embed({
			input: "x",
			embedding_type: "int8",
			encoding_format: "base64",
		});
		const bytes = Buffer.from(base64.json().data[0].embedding, "base64");
		expect([...new Int8Array(bytes)]).toEqual(int8);
	});

	// biome-ignore format: a table
	it.each([
		["nothing", {}, "input", /is required: send a text/],
		["an empty text", { input: "" }, "input", /is empty/],
		["no texts", { input: [] }, "input", /empty array/],
		["an empty text among others", { input: ["a", "b", ""] }, "input[2]", /'input\[2\]' is empty/],
		["a number among texts", { input: ["a", 7] }, "input[1]", /must be a string, as 'input\[0\]' is/],
		["a text among ids", { input: [1, "a"] }, "input[1]", /no token id/],
		["an id beyond the vocabulary", { input: [[1], [5, 1000]] }, "input[1][1]", /no token 1000; its ids go from 0 to 999/],
		["too many", { input: Array(21).fill("a") }, "input", /has 21 items.*at most 20/],
		["an object", { input: { text: "a" } }, "input", /must be a text/],
		["a text that is too long", { input: ["a", "a ".repeat(30)] }, "input[1]", /'input\[1\]' has 32 tokens.*at most 16/],
		["one text that is too long", { input: "a ".repeat(30) }, "input", /'input' has 32 tokens/],
		["too many dimensions", { input: "a", dimensions: 9 }, "dimensions", /at most 8.*is 9/],
		["no dimensions", { input: "a", dimensions: 0 }, "dimensions", /at least 1/],
		["another model", { input: "a", model: "hash-embad" }, "model", /Did you mean 'hash-embed'/],
		["a name that contradicts", { input: "a", model: "hash-embed-query", input_type: "passage" }, "input_type", /says 'query'/],
		["another format", { input: "a", encoding_format: "hex" }, "encoding_format", /'float' or 'base64'/],
		["another type", { input: "a", embedding_type: "int4" }, "embedding_type", /'binary'/],
		["another server's name", { input: "a", task: "retrieval.query" }, "task", /Use 'input_type'/],
		["a field of no server", { input: "a", dimension: 4 }, "dimension", /Did you mean 'dimensions'/],
	])("refuses %s", async (_what, payload, param, message) => {
		const answer = await embed(payload);
		expect(answer.statusCode).toBe(param === "model" ? 404 : 400);
		expect(answer.json().error.param).toBe(param);
		expect(answer.json().error.message).toMatch(message);
	});

	it("says which service's error ended it, with Retry-After", async () => {
		hash.setFailure(
			new GalleyError("queue_full", "Full.", { retryAfterSeconds: 3 }),
		);
		const full = await embed({ input: "a" });
		hash.setFailure(null);
		expect(full.statusCode).toBe(429);
		expect(full.headers["retry-after"]).toBe("3");
		expect(rejections.at(-1)).toBe("queue_full");
		hash.setState({ phase: "loading", progress: 0.5, etaSeconds: 2 });
		const loading = await embed({ input: "a" });
		hash.setState({ phase: "ready" });
		expect(loading.statusCode).toBe(503);
	});

	it("aborts when the caller leaves", async () => {
		const own = createHashEmbedding();
		const other = createTestEncoder(own.service);
		const address = await listenForTest(other.app);
		own.setDelay(60_000);
		const leaving = new AbortController();
		const asked = fetch(`${address}/v1/embeddings`, {
			method: "POST",
			headers: { "content-type": "application/json" },
			body: JSON.stringify({ input: "a" }),
			signal: leaving.signal,
		});
		while (own.requests.length === 0)
			await new Promise((resolve) => setTimeout(resolve, 2));
		leaving.abort();
		await expect(asked).rejects.toThrow();
		while (other.failures.length === 0)
			await new Promise((resolve) => setTimeout(resolve, 2));
		expect(own.requests[0]?.signal.aborted).toBe(true);
		expect(other.failures).toEqual(["client_closed"]);
		await other.app.close();
	});

	it("answers 8,192 inputs of 384 dimensions in pieces that let others in between", async () => {
		const own = createHashEmbedding({ dimensions: 384 });
		const vector = Float32Array.from({ length: 384 }, (_, index) =>
			Math.fround(Math.sin(index) / 10),
		);
		const service = {
			...own.service,
			embed: async () => ({
				vectors: Array<Float32Array>(8192).fill(vector),
				promptTokens: 1,
			}),
		};
		const big = createTestEncoder(service);
		const address = await listenForTest(big.app);
		let pieces = 0;
		const answer = await fetch(`${address}/v1/embeddings`, {
			method: "POST",
			headers: { "content-type": "application/json" },
			body: JSON.stringify({ input: Array(8192).fill("a") }),
		});
		const parts: Uint8Array[] = [];
		for await (const part of answer.body ?? []) {
			pieces++;
			parts.push(part as Uint8Array);
		}
		expect(pieces).toBeGreaterThan(50);
		const { data } = JSON.parse(Buffer.concat(parts).toString());
		expect(data).toHaveLength(8192);
		expect(Float32Array.from(data[8191].embedding)).toEqual(vector);
		expect(data[8191].index).toBe(8191);
		await big.app.close();
	});
});
