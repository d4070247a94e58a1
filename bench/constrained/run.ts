/**
 * `npm run bench -- constrained [--documents N] [--out DIRECTORY]`
 * What constrained decoding costs a step: the mask of allowed tokens along documents of several grammars, on vocabularies of
 * 50,000 and 150,000 tokens. No model is involved.
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createRandomSource } from "../../src/benchmark/random-source.ts";
import { commonWords } from "../../src/benchmark/words.ts";
import { compileGrammar } from "../../src/grammar/matcher/compiled-grammar.ts";
import { GrammarMatcher } from "../../src/grammar/matcher/grammar-matcher.ts";
import { describeEnvironment } from "../harness/environment.ts";
import { writeResult } from "../harness/result.ts";
import { type ConstraintCase, constraintCases, type Draw } from "./cases.ts";
import { buildVocabulary, encodeGreedily, trieOf } from "./vocabulary.ts";

const endToken = 0;

interface Measured {
	name: string;
	vocabularySize: number;
	compileMs: number;
	firstMaskMs: number;
	/** In milliseconds, sorted: of the first walk over all documents, and of a second one. */
	coldMs: number[];
	warmMs: number[];
	acceptUs: number;
	cacheBytes: number;
}

function drawFrom(seed: number): Draw {
	const { nextUint32 } = createRandomSource(seed);
	const number = (below: number) => nextUint32() % below;
	const word = () => commonWords[number(commonWords.length)] ?? "word";
	return {
		number,
		words: (count) => Array.from({ length: count }, word).join(" "),
	};
}

function measureCase(
	{ name, grammar, text }: ConstraintCase,
	vocabulary: readonly Buffer[],
	ids: ReadonlyMap<string, number>,
	documents: number,
): Measured {
	const trie = trieOf(vocabulary);
	const draw = drawFrom(7);
	const texts = Array.from({ length: documents }, () =>
		encodeGreedily(ids, text(draw)),
	);
	const source = grammar();
	const compileFrom = performance.now();
	const compiled = compileGrammar(source);
	const compileMs = performance.now() - compileFrom;
	const firstFrom = performance.now();
	new GrammarMatcher(compiled, trie, [endToken]).allowed();
	const firstMaskMs = performance.now() - firstFrom;
	let acceptMs = 0;
	let tokens = 0;
	const walk = () => {
		const times: number[] = [];
		for (const document of texts) {
			const matcher = new GrammarMatcher(compiled, trie, [endToken]);
			for (const token of document) {
				const from = performance.now();
				const mask = matcher.allowed();
				const made = performance.now();
				const isAllowed = ((mask[token >> 5] ?? 0) >>> (token & 31)) & 1;
				if (isAllowed !== 1 || !matcher.accept(token))
					throw new Error(
						`${name}: ${JSON.stringify(vocabulary[token]?.toString())} is not allowed`,
					);
				times.push(made - from);
				acceptMs += performance.now() - made;
				tokens++;
			}
			if (!matcher.canEnd) throw new Error(`${name}: the text cannot end`);
		}
		return times.sort((left, right) => left - right);
	};
	const coldMs = walk();
	const warmMs = walk();
	return {
		name,
		vocabularySize: vocabulary.length,
		compileMs,
		firstMaskMs,
		coldMs,
		warmMs,
		acceptUs: (1_000 * acceptMs) / tokens,
		cacheBytes: trie.cacheBytes,
	};
}

const at = (sorted: readonly number[], share: number) =>
	sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
const ms = (value: number) => value.toFixed(value < 0.1 ? 4 : 2);

const { values } = parseArgs({
	options: {
		documents: { type: "string", default: "40" },
		out: {
			type: "string",
			default: fileURLToPath(new URL("../results/", import.meta.url)),
		},
	},
});
const measured: Measured[] = [];
const trieRows: string[][] = [];
for (const size of [50_000, 150_000]) {
	const vocabulary = buildVocabulary(size, 1);
	const ids = new Map(
		vocabulary.map((bytes, id) => [bytes.toString("latin1"), id]),
	);
	const from = performance.now();
	const trie = trieOf(vocabulary);
	trieRows.push([
		String(size),
		String(trie.nodeCount),
		(performance.now() - from).toFixed(0),
		(trie.byteLength / 2 ** 20).toFixed(1),
	]);
	for (const constraint of constraintCases)
		measured.push(
			measureCase(constraint, vocabulary, ids, Number(values.documents)),
		);
}
const path = writeResult(
	values.out,
	{
		suite: "constrained",
		title: "What the masks of constrained decoding cost",
		environment: describeEnvironment(),
	},
	{
		conditions: [
			`Masks of allowed tokens along ${values.documents} random documents a grammar, one thread, no model; synthetic vocabularies.`,
			"Cold: the first walk over all documents, with empty caches. Warm: the same documents again.",
		],
		tables: [
			{
				title: "Token trie",
				head: ["vocabulary", "nodes", "built in ms", "MiB"],
				rows: trieRows,
			},
			{
				title: "Masks, ms",
				head: [
					...["grammar", "vocabulary", "masks", "compile", "first mask"],
					...["cold median", "cold p99", "cold max", "warm median", "warm p99"],
					...["accept us", "caches MiB"],
				],
				rows: measured.map((one) => [
					one.name,
					String(one.vocabularySize),
					String(one.coldMs.length),
					ms(one.compileMs),
					ms(one.firstMaskMs),
					...[0.5, 0.99, 1].map((share) => ms(at(one.coldMs, share))),
					...[0.5, 0.99].map((share) => ms(at(one.warmMs, share))),
					one.acceptUs.toFixed(1),
					(one.cacheBytes / 2 ** 20).toFixed(1),
				]),
			},
		],
		notes: [],
		data: measured.map(({ coldMs, warmMs, ...rest }) => ({
			...rest,
			coldMs: [0.5, 0.9, 0.99, 1].map((share) => at(coldMs, share)),
			warmMs: [0.5, 0.9, 0.99, 1].map((share) => at(warmMs, share)),
		})),
	},
);
console.log(path);
