import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import { writeRandomAdapter } from "../../bench/random-model/random-adapter.ts";
import type { GenerationRequest } from "../../src/core/generation-request.ts";
import { startService } from "../start-service.ts";
import type { Answer } from "./route-client.ts";

const starter = fileURLToPath(
	new URL("../../models/starter-chat/starter-chat-q8_0.gguf", import.meta.url),
);

export const baseModel = "starter-chat-q8_0";
export const adapterName = "voice";

/** One generation as the engine was asked for it, and the tokens that it gave. */
export interface SeenGeneration {
	request: GenerationRequest;
	/** By choice. */
	tokens: number[][];
}

/** What a request made the engine do, by the id that it was sent with. */
export class GenerationRecord {
	readonly #seen = new Map<string, SeenGeneration[]>();

	/** The prompts of one request have its id and their number. */
	of(requestId: string): readonly SeenGeneration[] {
		return this.#seen.get(requestId) ?? [];
	}

	watch(model: Awaited<ReturnType<typeof startService>>["model"]): void {
		const generate = model.generate.bind(model);
		model.generate = (request, onEvent) => {
			const tokens: number[][] = [];
			const id = request.id.replace(/-\d+$/, "");
			this.#seen.set(id, [...this.of(id), { request, tokens }]);
			return generate(request, (event) => {
				if (event.type === "delta")
					tokens[event.choice] = [
						...(tokens[event.choice] ?? []),
						...event.tokens,
					];
				onEvent(event);
			});
		};
	}
}

export interface TestedService {
	url: string;
	/** What is wrong with an answer by the service's own OpenAPI document; empty when nothing is. */
	faultsOf(route: string, status: number, body: unknown): string;
	record: GenerationRecord;
	tokenize(text: string): number[];
	/** Control tokens included. */
	detokenize(tokens: Iterable<number>): string;
}

export interface TestedServices extends AsyncDisposable {
	starter: TestedService;
	/**
	 * Has what the starter model has not: a begin token, marks for filling in the middle, and numbers that are the same
	 * whatever else is computed.
	 */
	fake: TestedService;
	/** Answers that several cases compare others with. */
	references: Map<string, Promise<Answer>>;
}

/**
 * The starter model as `galley run` serves it, with what some parameters need: an adapter, a way to write reasoning, leave
 * to send chat templates.
 */
export async function startTestedServices(): Promise<TestedServices> {
	const folder = await mkdtemp(join(tmpdir(), "galley-parameters-"));
	const path = join(folder, "voice.gguf");
	await writeRandomAdapter({
		modelPath: starter,
		seed: 7,
		rank: 8,
		strength: 4,
		path,
	});
	const [served, fake] = await Promise.all([
		startService(starter, {
			maxNumSeqs: 4,
			// One thread computes the same numbers each time, and small models as fast.
			threads: 1,
			threadsBatch: 1,
			lora: [`${adapterName}=${path}`],
			reasoningParser: "think",
			trustRequestChatTemplate: true,
		}),
		startService("fake:"),
	]);
	const [prefix, suffix, middle] = fake.model.tokenize(
		"<|system|><|user|><|tool|>",
		{ addSpecial: false, parseSpecial: true },
	);
	Object.defineProperty(fake.model, "fillInMiddle", {
		value: { prefix, suffix, middle },
	});
	return {
		starter: await watched(served),
		fake: await watched(fake),
		references: new Map(),
		[Symbol.asyncDispose]: async () => {
			await Promise.all([served.stop(), fake.stop()]);
			await rm(folder, { recursive: true });
		},
	};
}

async function watched(
	service: Awaited<ReturnType<typeof startService>>,
): Promise<TestedService> {
	const { model, url } = service;
	const record = new GenerationRecord();
	record.watch(model);
	return {
		url,
		record,
		faultsOf: await answerCheck(url),
		tokenize: (text: string) => [
			...model.tokenize(text, { addSpecial: false, parseSpecial: true }),
		],
		detokenize: (tokens: Iterable<number>) =>
			model.detokenize(tokens, { renderSpecialTokens: true }),
	};
}

async function answerCheck(url: string): Promise<TestedService["faultsOf"]> {
	const response = await fetch(`${url}/openapi.json`);
	const { paths } = (await response.json()) as {
		paths: Record<
			string,
			{
				post: {
					responses: Record<
						string,
						{ content: Record<string, { schema: object }> }
					>;
				};
			}
		>;
	};
	const ajv = new Ajv2020({ strict: false, validateFormats: false });
	return (route, status, body) => {
		const { responses } = paths[route]?.post ?? {};
		const described = responses?.[status] ?? responses?.default;
		const schema = described?.content["application/json"]?.schema;
		if (schema === undefined) return `${status} is not described.`;
		return ajv.validate(schema, body) ? "" : ajv.errorsText(ajv.errors);
	};
}
