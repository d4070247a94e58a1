import { expect, it } from "vitest";
import type { GenerationRequest } from "../../core/generation-request.ts";
import type { LanguageService } from "../../core/language-service.ts";
import { createScriptedService } from "../testing/scripted-service.ts";
import { createTestServer } from "../testing/test-server.ts";

/** Choice i says one letter, with these log-probabilities of its tokens. */
function serverWith(scores: readonly (readonly number[])[]) {
	const scripted = createScriptedService();
	const asked: GenerationRequest[] = [];
	const generate: LanguageService["generate"] = (request, onEvent) => {
		asked.push(request);
		setImmediate(() => {
			const promptTokens = request.promptTokens.length;
			const promptLogprobs = null;
			onEvent({ type: "start", promptTokens, cachedTokens: 0, promptLogprobs });
			let completionTokens = 0;
			for (let choice = 0; choice < request.choices; choice++) {
				for (const logprob of scores[choice] ?? []) {
					completionTokens++;
					const token = 97 + choice;
					const bytes = Uint8Array.of(token);
					onEvent({
						type: "delta",
						choice,
						text: String.fromCharCode(token),
						tokens: [token],
						logprobs:
							request.logprobs === null
								? null
								: [{ token, bytes, logprob, top: [] }],
					});
				}
				const finishReason = choice === 1 ? "length" : "stop";
				onEvent({ type: "choice-end", choice, finishReason, stopReason: null });
			}
			const usage = { promptTokens, cachedTokens: 0, completionTokens };
			onEvent({ type: "finish", usage });
		});
		return () => undefined;
	};
	const service = { ...scripted.service, generate };
	const { app } = createTestServer({}, { ...scripted, service });
	const complete = async (body: object) =>
		app.inject({ method: "POST", url: "/v1/completions", payload: body });
	return { asked, complete };
}

const scores = [[-3, -3], [-0.5, -0.7, -0.6], [-1], [-0.1, -4]];

it("answers the likeliest choices by the mean over their tokens, numbered anew, and counts all tokens", async () => {
	const { asked, complete } = serverWith(scores);
	const answer = (await complete({ prompt: "x", n: 2, best_of: 4 })).json();
	expect(asked[0]).toMatchObject({ choices: 4, logprobs: 0 });
	expect(answer.choices).toMatchObject([
		{ index: 0, text: "bbb", finish_reason: "length", logprobs: null },
		{ index: 1, text: "c", finish_reason: "stop", logprobs: null },
	]);
	expect(answer.choices).toHaveLength(2);
	expect(answer.usage.completion_tokens).toBe(8);
});

it("chooses for each prompt by itself, and shows the log-probabilities that were asked for", async () => {
	const { complete } = serverWith(scores);
	const body = { prompt: ["x", "y"], best_of: 3, logprobs: 0 };
	const { choices } = (await complete(body)).json();
	expect(choices).toMatchObject([
		{ index: 0, text: "bbb", logprobs: { token_logprobs: [-0.5, -0.7, -0.6] } },
		{ index: 1, text: "bbb" },
	]);
	expect(choices).toHaveLength(2);
});

it("asks for nothing more when all choices are wanted, and streams them", async () => {
	const { asked, complete } = serverWith(scores);
	const { choices } = (
		await complete({ prompt: "x", n: 4, best_of: 4 })
	).json();
	expect(choices.map(({ text }: { text: string }) => text)).toEqual([
		"aa",
		"bbb",
		"c",
		"dd",
	]);
	expect(asked[0]).toMatchObject({ choices: 4, logprobs: null });
	const stream = await complete({
		prompt: "x",
		n: 2,
		best_of: 2,
		stream: true,
	});
	expect(stream.statusCode).toBe(200);
	expect(stream.body).toMatch(/\[DONE\]/);
});
