import { z } from "zod";
import type { Chatbot } from "./evaluate.ts";

const passages = z.object({
	passages: z.array(z.object({ source: z.string() })),
});
const completion = z.object({
	choices: z.tuple([
		z.object({
			message: z.object({
				content: z.string(),
				kind: z.enum(["model", "extractive", "none"]),
				citations: z.array(z.object({ text: z.string() })),
			}),
		}),
	]),
});

export interface ChatbotAddress {
	url: string;
	apiKey: string | null;
	/** Null: all that the key may read. */
	collections: readonly string[] | null;
}

/** The chatbot over its API: what is measured is what users get. */
export function httpChatbot({
	url,
	apiKey,
	collections,
}: ChatbotAddress): Chatbot {
	const post = async (path: string, body: object): Promise<unknown> => {
		const response = await fetch(`${url}${path}`, {
			method: "POST",
			headers: {
				"content-type": "application/json",
				...(apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }),
			},
			body: JSON.stringify({ ...body, collections }),
		});
		if (!response.ok)
			throw new Error(
				`${path} answered ${response.status}: ${await response.text()}`,
			);
		return response.json();
	};
	return {
		async search(query, { search, rerank }) {
			const answer = await post("/v1/search", {
				query,
				search,
				rerank,
				limit: 50,
			});
			return passages.parse(answer).passages.map(({ source }) => source);
		},
		async ask(question) {
			const start = performance.now();
			const answer = await post("/v1/chat/completions", {
				messages: [{ role: "user", content: question }],
			});
			const ms = performance.now() - start;
			const [{ message }] = completion.parse(answer).choices;
			const { content: text, kind, citations } = message;
			return { text, kind, cited: citations.map(({ text }) => text), ms };
		},
	};
}
