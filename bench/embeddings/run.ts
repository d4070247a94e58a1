import { availableParallelism, cpus } from "node:os";
import { parseArgs } from "node:util";
import { planEncoder } from "../../src/cli/encoder-plan.ts";
import { locateModel } from "../../src/cli/locate-model.ts";
import { openEncoderService } from "../../src/cli/open-encoder.ts";
import { resolveServiceConfig } from "../../src/config/service-config.ts";
import type { EncoderSequence } from "../../src/engine/encoder-engine.ts";
import { loadOnnxEncoder } from "../../src/engine/onnx/onnx-encoder.ts";
import { createLogger } from "../../src/observability/logger.ts";

/**
 * The embedding service (text to vector, queue and engine process included, HTTP left out) against ONNX Runtime alone,
 * fed ready tokens in perfect batches: sorted by length, so that next to nothing is fill.
 *
 *     npx tsx bench/embeddings/run.ts FOLDER [--texts 512] [--concurrency 32] [--rounds 3]
 *
 * Both are measured in turns within one run; the ratio of the medians is what counts.
 */
const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: {
		texts: { type: "string", default: "512" },
		concurrency: { type: "string", default: "32" },
		rounds: { type: "string", default: "3" },
		profile: { type: "string" },
	},
});
const [folder = "models/starter-embed"] = positionals;
const textCount = Number(values.texts);
const concurrency = Number(values.concurrency);
const rounds = Number(values.rounds);

const config = resolveServiceConfig({
	flags: {
		model: folder,
		...(values.profile === undefined ? {} : { profile: values.profile }),
	},
	environment: {},
});
const location = await locateModel(folder, config);
if (location.kind !== "encoder") throw new Error(`${folder} is no encoder`);
const plan = await planEncoder(location, config);
const logger = createLogger({
	level: "warn",
	format: "text",
	destination: process.stderr,
});
const { service, supervisor } = await openEncoderService(plan, logger);
await supervisor.whenReady();
if (service.task !== "embedding") throw new Error(`${folder} ranks`);
const raw = await loadOnnxEncoder(plan.load.options);

const words =
	"the cat sat on mat sea ship house river water green bread fire large small question answer document".split(
		" ",
	);
const longest = Math.min(256, plan.maxInputTokens);
let seed = 1;
const random = () => {
	seed = (seed * 48_271) % 2_147_483_647;
	return seed / 2_147_483_647;
};
/** Lengths spread evenly from 8 to 256 tokens. */
const texts = Array.from({ length: textCount }, () => {
	const wanted = 8 + Math.floor(random() * (longest - 7));
	let text = "";
	for (let length = 2; length < wanted; length++)
		text += `${words[Math.floor(random() * words.length)]} `;
	while (service.tokenize(text).length > longest)
		text = text.slice(0, text.trimEnd().lastIndexOf(" ") + 1);
	return text;
});
const sequences = texts
	.map((text): EncoderSequence => {
		const tokens = service.tokenize(text);
		return { tokens, secondStart: tokens.length };
	})
	.sort((left, right) => left.tokens.length - right.tokens.length);
const tokens = sequences.reduce((sum, one) => sum + one.tokens.length, 0);

async function runRaw(): Promise<number> {
	const start = performance.now();
	for (let from = 0; from < sequences.length; ) {
		let to = from + 1;
		while (
			to < sequences.length &&
			(to - from + 1) * (sequences[to]?.tokens.length ?? 0) <=
				plan.maxBatchTokens
		)
			to++;
		await raw.run(sequences.slice(from, to));
		from = to;
	}
	return tokens / ((performance.now() - start) / 1000);
}

const embed = (text: string) =>
	service.embed({
		id: "bench",
		inputs: [text],
		inputType: null,
		truncation: "none",
		dimensions: null,
		signal: new AbortController().signal,
	});

async function runService(): Promise<number> {
	let next = 0;
	const start = performance.now();
	await Promise.all(
		Array.from({ length: concurrency }, async () => {
			for (let text = texts[next++]; text !== undefined; text = texts[next++])
				await embed(text);
		}),
	);
	return tokens / ((performance.now() - start) / 1000);
}

async function latencies(): Promise<{ raw: number; service: number }> {
	const found = { raw: [] as number[], service: [] as number[] };
	for (const text of texts.slice(0, 60)) {
		const ids = service.tokenize(text);
		const begin = performance.now();
		await raw.run([{ tokens: ids, secondStart: ids.length }]);
		const between = performance.now();
		await embed(text);
		found.raw.push(between - begin);
		found.service.push(performance.now() - between);
	}
	return { raw: median(found.raw), service: median(found.service) };
}

function median(numbers: readonly number[]): number {
	return [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;
}

await runRaw();
await runService();
const speeds = { raw: [] as number[], service: [] as number[] };
for (let round = 0; round < rounds; round++) {
	speeds.raw.push(await runRaw());
	speeds.service.push(await runService());
}
const single = await latencies();
const report = {
	model: folder,
	profile: plan.profile.name,
	processor: `${cpus()[0]?.model} x ${availableParallelism()}`,
	texts: textCount,
	tokens,
	concurrency,
	rawTokensPerSecond: Math.round(median(speeds.raw)),
	serviceTokensPerSecond: Math.round(median(speeds.service)),
	ratio: Number((median(speeds.service) / median(speeds.raw)).toFixed(3)),
	rawLatencyMs: Number(single.raw.toFixed(2)),
	serviceLatencyMs: Number(single.service.toFixed(2)),
};
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
await service.drain(1000);
await raw[Symbol.asyncDispose]();
