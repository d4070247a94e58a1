import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeRandomAdapter } from "../bench/random-model/random-adapter.ts";
import { startService } from "./start-service.ts";

const modelPath = fileURLToPath(
	new URL("../models/starter-chat/starter-chat-q8_0.gguf", import.meta.url),
);
const base = "starter-chat-q8_0";
const adapterCount = 8;
const answerTokens = 8;
/** Two sums of the same numbers in another order: where two tokens are nearer than this, either may win. */
const nearTie = 0.3;

let folder = "";
const fileOf = (name: string) => join(folder, `${name}.gguf`);
const names = Array.from({ length: adapterCount }, (_, at) => `voice-${at}`);

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "galley-lora-"));
	for (const [index, name] of names.entries())
		await writeRandomAdapter({
			modelPath,
			seed: index + 1,
			rank: 4 + 2 * index,
			strength: 1,
			path: fileOf(name),
		});
});
afterAll(() => rm(folder, { recursive: true }));

interface Completion {
	status: number;
	text: string;
	model: string;
	tokens: string[];
	/** Of each token, how far the second best lay below the best. */
	margins: number[];
	error: string;
}

async function complete(
	url: string,
	body: Record<string, unknown>,
): Promise<Completion> {
	const response = await fetch(`${url}/v1/completions`, {
		method: "POST",
		headers: { "content-type": "application/json" },
		body: JSON.stringify({
			max_tokens: answerTokens,
			temperature: 0,
			ignore_eos: true,
			logprobs: 2,
			...body,
		}),
	});
	const answer = (await response.json()) as {
		model: string;
		error?: { message: string };
		choices?: {
			text: string;
			logprobs: { tokens: string[]; top_logprobs: Record<string, number>[] };
		}[];
	};
	const choice = answer.choices?.[0];
	return {
		status: response.status,
		text: choice?.text ?? "",
		model: answer.model,
		tokens: choice?.logprobs.tokens ?? [],
		margins: (choice?.logprobs.top_logprobs ?? []).map((top) => {
			const [first = 0, second = -100] = Object.values(top).sort(
				(a, b) => b - a,
			);
			return first - second;
		}),
		error: answer.error?.message ?? "",
	};
}

/** The same words, up to a near tie. */
function expectSame(actual: Completion, alone: Completion): void {
	expect(actual.status).toBe(200);
	const at = alone.tokens.findIndex(
		(token, index) => token !== actual.tokens[index],
	);
	if (at >= 0) expect(alone.margins[at]).toBeLessThan(nearTie);
}

async function manage(
	url: string,
	verb: "load" | "unload",
	body: Record<string, unknown>,
): Promise<{ status: number; text: string }> {
	const response = await fetch(`${url}/v1/${verb}_lora_adapter`, {
		method: "POST",
		headers: {
			"content-type": "application/json",
			authorization: "Bearer admin-key",
		},
		body: JSON.stringify(body),
	});
	return { status: response.status, text: await response.text() };
}

async function modelNames(url: string): Promise<string[]> {
	const response = await fetch(`${url}/v1/models`);
	const { data } = (await response.json()) as { data: { id: string }[] };
	return data.map(({ id }) => id);
}

const prompts = [
	"The cat sat",
	"Once upon a time there was a girl who",
	"My dog likes",
	"In the morning",
];

test("64 requests for eight adapters and the base model at once are answered as each adapter alone answers, with all in the engine or two", async () => {
	await using service = await startService(modelPath, {
		lora: names.map((name) => `${name}=${fileOf(name)}`),
		maxLoras: 2,
		maxNumSeqs: 8,
		threads: 1,
		threadsBatch: 1,
	});
	await using roomy = await startService(modelPath, {
		lora: names.map((name) => `${name}=${fileOf(name)}`),
		maxNumSeqs: 8,
		threads: 1,
		threadsBatch: 1,
	});
	const { url } = service;
	expect(await modelNames(url)).toEqual([base, ...names]);
	const models = [base, ...names];
	const asked = models.flatMap((model) =>
		prompts.map((prompt) => ({ model, prompt })),
	);
	const alone = new Map<string, Completion>();
	for (const body of asked)
		alone.set(JSON.stringify(body), await complete(url, body));
	// What would go unnoticed otherwise: adapters that do nothing.
	const texts = models.map((model) =>
		prompts
			.map((prompt) => alone.get(JSON.stringify({ model, prompt }))?.text)
			.join("\n"),
	);
	expect(new Set(texts).size).toBe(models.length);
	for (const { url: door } of [service, roomy]) {
		const mixed = Array.from(
			{ length: 64 },
			(_, at) => asked[(at * 7) % asked.length] as (typeof asked)[0],
		);
		const answers = await Promise.all(
			mixed.map((body) => complete(door, body)),
		);
		for (const [index, body] of mixed.entries()) {
			const answer = answers[index] as Completion;
			expect(answer.model).toBe(body.model);
			expectSame(answer, alone.get(JSON.stringify(body)) as Completion);
		}
	}
}, 120_000);

test("adapters come and go while the service runs, and broken ones are refused by name", async () => {
	const directory = join(folder, "watched");
	await mkdir(directory);
	await copyFile(fileOf("voice-0"), join(directory, "first.gguf"));
	await writeFile(join(directory, "broken.gguf"), "not an adapter");
	await writeRandomAdapter({
		modelPath,
		seed: 1,
		architecture: "gemma",
		path: join(directory, "foreign.gguf"),
	});
	await using service = await startService(modelPath, {
		loraDir: directory,
		loraRefreshSeconds: 0.1,
		loraRoot: [folder],
		allowLoraManagement: true,
		adminApiKey: "admin-key",
		maxNumSeqs: 4,
		threads: 1,
		threadsBatch: 1,
	});
	const { url } = service;
	expect(await modelNames(url)).toEqual([base, "first"]);
	const listed = (await (await fetch(`${url}/v1/adapters`)).json()) as {
		data: { id: string; state: string; problem: string | null }[];
	};
	expect(listed.data.map(({ id, state }) => [id, state]).sort()).toEqual([
		["broken", "failed"],
		["first", "ready"],
		["foreign", "failed"],
	]);
	const foreign = listed.data.find(({ id }) => id === "foreign");
	expect(foreign?.problem).toMatch(/another architecture/);

	const loaded = await manage(url, "load", {
		lora_name: "second",
		lora_path: fileOf("voice-1"),
	});
	expect(loaded.status).toBe(200);
	const question = { model: "second", prompt: prompts[1] };
	const before = await complete(url, question);
	expect(before.status).toBe(200);

	// Unloaded in the middle of an answer: it goes on, and the next one is refused.
	const running = complete(url, { ...question, max_tokens: 60 });
	await new Promise((resolve) => setTimeout(resolve, 100));
	const unloaded = await manage(url, "unload", { lora_name: "second" });
	expect(unloaded.status).toBe(200);
	expect((await complete(url, question)).status).toBe(404);
	const whole = await running;
	expect(whole.tokens.length).toBe(60);
	expectSame({ ...whole, tokens: whole.tokens.slice(0, answerTokens) }, before);

	const outside = await manage(url, "load", {
		lora_name: "third",
		lora_path: "/etc/hosts",
	});
	expect(outside.status).toBe(403);
	const wrong = await manage(url, "load", {
		lora_name: "third",
		lora_path: join(directory, "broken.gguf"),
	});
	expect(wrong.status).toBe(400);
	expect(await modelNames(url)).not.toContain("third");

	// The same name with another content is another adapter: nothing of the old one's prefixes is used.
	const old = await complete(url, { model: "first", prompt: prompts[1] });
	await copyFile(fileOf("voice-2"), join(directory, "first.gguf"));
	await copyFile(fileOf("voice-3"), join(directory, "late.gguf"));
	await expect.poll(() => modelNames(url)).toContain("late");
	await expect
		.poll(
			async () =>
				(await complete(url, { model: "first", prompt: prompts[1] })).text,
		)
		.not.toBe(old.text);
	await rm(join(directory, "late.gguf"));
	await expect.poll(() => modelNames(url)).not.toContain("late");
}, 60_000);

test("several adapters with scales work together, whichever way they are named", async () => {
	await using service = await startService(modelPath, {
		lora: names.slice(0, 2).map((name) => `${name}=${fileOf(name)}`),
		maxNumSeqs: 4,
		threads: 1,
		threadsBatch: 1,
	});
	const { url } = service;
	const prompt = prompts[1];
	const plain = await complete(url, { prompt });
	const one = await complete(url, { model: "voice-0", prompt });
	const same = await complete(url, { prompt, lora: [{ name: "voice-0" }] });
	expectSame(same, one);
	expectSame(
		await complete(url, { prompt, lora: [{ name: "voice-0", scale: 0 }] }),
		plain,
	);
	const lora = [{ name: "voice-1", scale: 0.7 }];
	const both = await complete(url, { model: "voice-0", prompt, lora });
	const nested = await complete(url, {
		prompt,
		nvext: { lora: [...lora, { name: "voice-0", scale: 1 }] },
	});
	expectSame(nested, both);
	expect(new Set([plain.text, one.text, both.text]).size).toBe(3);
	const twice = await complete(url, {
		model: "voice-0",
		prompt,
		lora: [{ name: "voice-0" }],
	});
	expect([twice.status, twice.error]).toEqual([
		400,
		expect.stringMatching(/twice/),
	]);
	const unknown = await complete(url, { prompt, lora: [{ name: "voice-9" }] });
	expect([unknown.status, unknown.error]).toEqual([
		404,
		expect.stringMatching(/Did you mean/),
	]);
}, 60_000);
