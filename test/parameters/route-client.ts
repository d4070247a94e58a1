import { randomUUID } from "node:crypto";
import type { GenerationRequest } from "../../src/core/generation-request.ts";
import {
	dialects,
	type Fields,
	type Json,
	type Reading,
	type RouteName,
} from "./dialects.ts";
import type {
	SeenGeneration,
	TestedService,
	TestedServices,
} from "./running-service.ts";

export interface Answer extends Reading {
	status: number;
	headers: Headers;
	body: Json;
	/** The data of a stream's events; empty where there is none. */
	events: Json[];
	text: string;
	/** What was asked of the engine, and what it gave: one for each prompt. */
	generations: readonly SeenGeneration[];
	/** The first of them. */
	request: GenerationRequest;
	/** That the engine gave for the first choice. */
	tokens: readonly number[];
	/** As the model read it, control tokens included. */
	prompt: string;
}

const nothingRead: Reading = {
	texts: [],
	reasoning: "",
	calls: [],
	end: null,
	cachedTokens: 0,
};

/** Goes on for long; ends by itself after 14 tokens; says one sentence, and again and again when it may not end. */
export const story = "Tell me a story.";
export const greeting = "Hello";
export const capital = "Tell me about the capital of France.";

/** One of the four APIs. Questions are the same for all, and so are answers: cases are written once. */
export class RouteClient {
	readonly name: RouteName;
	readonly service: TestedService;
	readonly #services: TestedServices;
	readonly #leftOut: string | null;

	constructor(
		name: RouteName,
		services: TestedServices,
		{ service = services.starter, leftOut = null as string | null } = {},
	) {
		this.name = name;
		this.service = service;
		this.#services = services;
		this.#leftOut = leftOut;
	}

	/** The same API of a model whose numbers are never rounded, and whose prompts begin with a token of their own. */
	ofFakeEngine(): RouteClient {
		return new RouteClient(this.name, this.#services, {
			service: this.#services.fake,
			leftOut: this.#leftOut,
		});
	}

	/** Never sends this parameter, whatever a case wants: a case that finds no difference proves nothing. */
	without(parameter: string): RouteClient {
		return new RouteClient(this.name, this.#services, {
			service: this.service,
			leftOut: parameter,
		});
	}

	question(text: string): Fields {
		return dialects[this.name].ask(text, this.service);
	}

	atMost(tokens: number): Fields {
		return { [dialects[this.name].length]: tokens };
	}

	#toBody(fields: Fields): Fields {
		const given = { temperature: 0, ...fields };
		return {
			...this.question(story),
			...this.atMost(10),
			...Object.fromEntries(
				Object.entries(given).filter(([name]) => name !== this.#leftOut),
			),
		};
	}

	/** Greedy, ten tokens of a story, unless the fields say otherwise. */
	async ask(fields: Fields = {}): Promise<Answer> {
		const answer = await this.send(fields);
		if (answer.status !== 200)
			throw new Error(`${this.name}: ${JSON.stringify(answer.body)}`);
		return answer;
	}

	/**
	 * One request after the other: in one step with others a token's numbers are rounded in another way, and where two
	 * tokens are nearly as likely another text comes of it.
	 */
	async askEach(variants: readonly Fields[]): Promise<Answer[]> {
		const answers: Answer[] = [];
		for (const fields of variants) answers.push(await this.ask(fields));
		return answers;
	}

	/** What others are compared with; the same question is asked once by all cases. */
	reference(fields: Fields = {}): Promise<Answer> {
		const { references } = this.#services;
		const key = JSON.stringify([
			this.name,
			this.service.url,
			this.#toBody(fields),
		]);
		const answer = references.get(key) ?? this.ask(fields);
		references.set(key, answer);
		return answer;
	}

	/** The same, whatever the status is. */
	async send(fields: Fields): Promise<Answer> {
		const id = randomUUID().replaceAll("-", "");
		const { url, record, detokenize } = this.service;
		const response = await fetch(url + this.name, {
			method: "POST",
			headers: { "content-type": "application/json", "x-request-id": id },
			body: JSON.stringify(this.#toBody(fields)),
		});
		const text = await response.text();
		const isStream =
			response.headers.get("content-type")?.startsWith("text/event-stream") ??
			false;
		const events = isStream ? toEvents(text) : [];
		const body = isStream ? events.at(-1) : JSON.parse(text);
		const faults = isStream
			? ""
			: this.service.faultsOf(this.name, response.status, body);
		if (faults !== "") throw new Error(`Not as described: ${faults}: ${text}`);
		const dialect = dialects[this.name];
		const reading = isStream
			? { ...nothingRead, texts: [dialect.streamedText(events)] }
			: response.status === 200
				? dialect.read(body)
				: nothingRead;
		const generations = record.of(id);
		return {
			...reading,
			status: response.status,
			headers: response.headers,
			body,
			events,
			text: reading.texts[0] ?? "",
			generations,
			get request() {
				return toFirst(generations).request;
			},
			get tokens() {
				return toFirst(generations).tokens[0] ?? [];
			},
			get prompt() {
				return detokenize(toFirst(generations).request.promptTokens);
			},
		};
	}
}

function toFirst(generations: readonly SeenGeneration[]): SeenGeneration {
	const [first] = generations;
	if (first === undefined) throw new Error("Nothing was asked of the engine.");
	return first;
}

function toEvents(text: string): Json[] {
	return text
		.trimEnd()
		.split("\n\n")
		.map((frame) => /^data: (.*)$/m.exec(frame)?.[1] ?? "")
		.filter((data) => data !== "" && data !== "[DONE]")
		.map((data) => JSON.parse(data));
}
