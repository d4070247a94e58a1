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

const listed = z.object({
	collections: z.array(z.object({ id: z.string(), name: z.string() })),
});

/** Collections by their ids or names. */
export async function collectionIds(
	{ url, apiKey }: Omit<ChatbotAddress, "collections">,
	wanted: readonly string[],
): Promise<string[]> {
	const response = await fetch(`${url}/v1/collections`, {
		headers: apiKey === null ? {} : { authorization: `Bearer ${apiKey}` },
	}).catch((cause: unknown) => {
		throw new Error(
			`No chatbot answers at ${url}. Start it (npm start), or say --url.`,
			{ cause },
		);
	});
	if (!response.ok)
		throw new Error(
			`/v1/collections answered ${response.status}: ${await response.text()}`,
		);
	const { collections } = listed.parse(await response.json());
	return wanted.map((text) => {
		const found = collections.find(
			({ id, name }) => id === text || name === text,
		);
		if (found === undefined)
			throw new Error(
				`There is no collection ${text}. There are: ${collections.map(({ name }) => name).join(", ")}.`,
			);
		return found.id;
	});
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
