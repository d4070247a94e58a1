import type { Agent } from "undici";
import { z } from "zod";
import { type Endpoint, postForJson, ServiceError } from "./endpoint.ts";

const answerShape = z.object({
	rankings: z.array(z.object({ index: z.number().int(), logit: z.number() })),
});

/** The reranking service, by NIM's `/v1/ranking`. */
export class RerankClient {
	readonly endpoint: Endpoint;
	readonly #agent: Agent | undefined;

	constructor(endpoint: Endpoint, agent?: Agent) {
		this.endpoint = endpoint;
		this.#agent = agent;
	}

	/** The model's raw relevance of each passage, in their order. */
	async rank(
		query: string,
		passages: readonly string[],
		signal?: AbortSignal,
	): Promise<number[]> {
		if (passages.length === 0) return [];
		const answer = await postForJson({
			endpoint: this.endpoint,
			path: "/ranking",
			body: {
				model: this.endpoint.model,
				query: { text: query },
				passages: passages.map((text) => ({ text })),
				truncate: "END",
			},
			signal,
			agent: this.#agent,
		});
		const result = answerShape.safeParse(answer);
		if (!result.success || result.data.rankings.length !== passages.length)
			throw new ServiceError(
				`${this.endpoint.model} answered in a form that is not the API's.`,
				200,
			);
		const logits = new Array<number>(passages.length).fill(
			Number.NEGATIVE_INFINITY,
		);
		for (const { index, logit } of result.data.rankings) logits[index] = logit;
		return logits;
	}
}
