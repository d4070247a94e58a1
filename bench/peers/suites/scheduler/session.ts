import {
	calibrate,
	findModel,
	probeDialect,
} from "../../../../src/benchmark/calibration.ts";
import { CompletionClient } from "../../../../src/benchmark/completion-client.ts";
import {
	createPromptSource,
	openingWord,
	type PromptCalibration,
} from "../../../../src/benchmark/prompts.ts";
import {
	createRandomSource,
	type RandomSource,
} from "../../../../src/benchmark/random-source.ts";
import {
	type BodyOptions,
	renderBody,
} from "../../../../src/benchmark/request-body.ts";
import type { RequestRecord } from "../../../../src/benchmark/request-record.ts";

/** One server as a client sees it, for loads that are more than a number of equal requests. */
export class Session implements AsyncDisposable {
	readonly client: CompletionClient;
	readonly random: RandomSource;
	readonly model: string;
	readonly #body: BodyOptions;
	readonly #calibration: PromptCalibration;

	private constructor(
		client: CompletionClient,
		random: RandomSource,
		body: BodyOptions,
		calibration: PromptCalibration,
	) {
		this.client = client;
		this.random = random;
		this.model = body.model;
		this.#body = body;
		this.#calibration = calibration;
	}

	static async open(
		url: string,
		headers: Readonly<Record<string, string>> = {},
	): Promise<Session> {
		const endpoint = "chat";
		const client = new CompletionClient({
			url,
			endpoint,
			headers,
			timeoutMs: 600_000,
		});
		const random = createRandomSource(Math.floor(Math.random() * 2 ** 31));
		const asked: BodyOptions = {
			endpoint,
			model: await findModel(client),
			dialect: {
				ignoreEos: true,
				includeUsage: true,
				temperature: 0,
				maxTokensField: "max_tokens",
			},
			extraBody: {},
		};
		const { dialect } = await probeDialect(client, openingWord, asked);
		const body = { ...asked, dialect };
		const { calibration } = await calibrate(client, body, random);
		return new Session(client, random, body, calibration);
	}

	/** A request whose prompt nobody has seen. */
	nextBody(inputTokens: number, outputTokens: number): string {
		const nextPrompt = createPromptSource(
			{ inputTokens, prefixTokens: 0, prefixes: 1, lengthSpread: 0 },
			this.#calibration,
			this.random,
		);
		return renderBody(nextPrompt(), outputTokens, this.#body);
	}

	stream(
		body: string,
		options: {
			stageStart?: number;
			onOutput?: () => void;
			signal?: AbortSignal;
		} = {},
	): Promise<RequestRecord> {
		const { stageStart = performance.now(), ...rest } = options;
		return this.client.stream(body, stageStart, rest);
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.client.close();
	}
}

/** Throws when a request that has to go well did not. */
export function demand(record: RequestRecord): RequestRecord {
	if (record.error !== null)
		throw new Error(
			`A request failed (${record.error}): ${record.errorMessage}`,
		);
	return record;
}
