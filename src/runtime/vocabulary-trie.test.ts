import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { ConstrainedOutputs } from "./constrained-outputs.ts";
import type { SubmittedRequest } from "./engine-protocol.ts";
import { trieInPlace, vocabularyTrie } from "./vocabulary-trie.ts";
import { WaitingForGrammars } from "./waiting-for-grammars.ts";

const letters = "etaoinshrdlu ";

/** Words of all lengths, some twice, some without a text. */
function vocabularyOf(size: number) {
	return {
		size,
		endOfGenerationTokens: new Set([3]),
		tokenBytes(token: number) {
			let text = "";
			for (let rest = token % 40_000; rest > 0; rest = rest >> 3)
				text += letters[rest % letters.length];
			return new TextEncoder().encode(token % 1_000 === 7 ? "" : text);
		},
	};
}

const timed = <Result>(work: () => Result) => work();

const partsOf = ({ byte, depth, skip, firstToken, tokens }: TrieParts) => [
	...[byte, depth, skip, firstToken, tokens].map((items) =>
		Buffer.from(items.buffer).toString("base64"),
	),
];
type TrieParts = Awaited<ReturnType<typeof vocabularyTrie>>;

test("a trie that a thread has built is the one built in place, and timers run meanwhile", async () => {
	const vocabulary = vocabularyOf(50_000);
	let turns = 0;
	const ticking = setInterval(() => turns++, 1);
	const built = await vocabularyTrie(vocabulary, { timed });
	clearInterval(ticking);
	expect(turns).toBeGreaterThan(5);
	expect(partsOf(built)).toEqual(partsOf(trieInPlace(vocabulary)));
	expect(built.bytesOf(3)).toHaveLength(0);
	expect(built.bytesOf(7)).toHaveLength(0);
	expect(built.bytesOf(12)).toEqual(vocabulary.tokenBytes(12));
});

test("without a thread the trie is built all the same", async () => {
	const vocabulary = vocabularyOf(20_000);
	const built = await vocabularyTrie(vocabulary, {
		timed,
		startThread: () => new Worker("throw new Error('none')", { eval: true }),
	});
	expect(partsOf(built)).toEqual(partsOf(trieInPlace(vocabulary)));
});

test("requests with a grammar wait until the vocabulary is ready, others and cancelled ones don't", async () => {
	const constrained = new ConstrainedOutputs(
		{ vocabulary: vocabularyOf(20_000) } as unknown as ConstructorParameters<
			typeof ConstrainedOutputs
		>[0],
		() => 0,
	);
	const submitted: number[] = [];
	let onSubmit: () => void = () => undefined;
	const done = new Promise<void>((resolve) => {
		onSubmit = resolve;
	});
	const waiting = new WaitingForGrammars(constrained, {
		submit({ number }) {
			submitted.push(number);
			onSubmit();
		},
	});
	const request = (number: number, grammar: unknown) =>
		({ number, grammar }) as unknown as SubmittedRequest;
	expect(waiting.take(request(1, null))).toBe(false);
	expect(waiting.take(request(2, {}))).toBe(true);
	expect(waiting.take(request(3, {}))).toBe(true);
	waiting.cancel(2);
	await done;
	expect(submitted).toEqual([3]);
	expect(waiting.take(request(4, {}))).toBe(false);
});
