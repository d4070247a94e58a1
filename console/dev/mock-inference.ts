import type { ServerResponse } from "node:http";

const answer = `The sea is salty because **rivers** wash minerals out of rock and carry them down, year after year.

1. Rain is slightly acid and dissolves a little of the stone that it runs over.
2. Rivers bring those ions, mostly *sodium* and *chloride*, to the sea.
3. Water evaporates; the salt stays.

| Water | Salt (g/kg) |
|---|---|
| Rivers | 0.1 |
| Sea | 35 |

\`\`\`python
salt = 35 * litres  # grams
\`\`\`
`;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A chat or a completion, streamed as OpenAI streams it where that was asked for. */
export async function answerGeneration(
	response: ServerResponse,
	body: Record<string, unknown>,
	isChat: boolean,
): Promise<void> {
	const model = String(body.model ?? "starter-chat");
	const created = Math.floor(Date.now() / 1000);
	const words = answer.match(/\S+\s*|\n+/g) ?? [];
	const usage = {
		prompt_tokens: 48,
		completion_tokens: words.length,
		total_tokens: 48 + words.length,
		prompt_tokens_details: { cached_tokens: 32 },
	};
	const id = `chatcmpl-${created}`;
	if (body.stream !== true) {
		await pause(150);
		const choice = isChat
			? {
					index: 0,
					message: { role: "assistant", content: answer },
					finish_reason: "stop",
				}
			: { index: 0, text: answer, finish_reason: "stop" };
		response.setHeader("content-type", "application/json");
		response.end(
			JSON.stringify({
				id,
				object: isChat ? "chat.completion" : "text_completion",
				created,
				model,
				choices: [choice],
				usage,
			}),
		);
		return;
	}
	response.writeHead(200, {
		"content-type": "text/event-stream",
		"cache-control": "no-store",
	});
	const send = (choices: unknown[], more: object = {}) =>
		response.write(
			`data: ${JSON.stringify({ id, object: isChat ? "chat.completion.chunk" : "text_completion", created, model, choices, ...more })}\n\n`,
		);
	await pause(120);
	for (const [place, word] of words.entries()) {
		if (response.closed) return;
		const logprobs = body.logprobs
			? {
					logprobs: {
						content: [
							{
								token: word,
								logprob: -0.2,
								bytes: null,
								top_logprobs: [
									{ token: word, logprob: -0.2, bytes: null },
									{ token: " other", logprob: -2.1, bytes: null },
								],
							},
						],
					},
				}
			: {};
		send([
			isChat
				? {
						index: 0,
						delta: {
							...(place === 0 ? { role: "assistant" } : {}),
							content: word,
						},
						finish_reason: null,
						...logprobs,
					}
				: { index: 0, text: word, finish_reason: null },
		]);
		await pause(18);
	}
	send([
		isChat
			? { index: 0, delta: {}, finish_reason: "stop" }
			: { index: 0, text: "", finish_reason: "stop" },
	]);
	send([], { usage });
	response.end("data: [DONE]\n\n");
}

export function answerEmbeddings(body: Record<string, unknown>) {
	const inputs = Array.isArray(body.input) ? body.input : [body.input];
	return {
		object: "list",
		model: body.model,
		data: inputs.map((input, index) => ({
			object: "embedding",
			index,
			embedding: vectorOf(String(input)),
		})),
		usage: {
			prompt_tokens: inputs.length * 9,
			total_tokens: inputs.length * 9,
		},
	};
}

/** Words in common make vectors that lie near each other. */
function vectorOf(text: string): number[] {
	const vector = Array.from({ length: 48 }, () => 0.02);
	for (const word of text.toLowerCase().match(/\w+/g) ?? []) {
		let hash = 0;
		for (const letter of word) hash = (hash * 33 + letter.charCodeAt(0)) % 48;
		vector[hash] = (vector[hash] ?? 0) + 1;
	}
	const length = Math.hypot(...vector);
	return vector.map((value) => value / length);
}

export function answerRanking(body: Record<string, unknown>) {
	const query = new Set(
		JSON.stringify(body.query ?? "")
			.toLowerCase()
			.match(/\w{3,}/g),
	);
	const passages = (body.passages ?? []) as { text: string }[];
	return {
		rankings: passages
			.map(({ text }, index) => ({
				index,
				logit:
					(text.toLowerCase().match(/\w{3,}/g) ?? []).filter((word) =>
						query.has(word),
					).length *
						2.1 -
					3,
			}))
			.sort((left, right) => right.logit - left.logit),
	};
}
