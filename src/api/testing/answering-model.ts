import type { FastifyInstance } from "fastify";
import type { OutputFormat } from "../../core/output-format.ts";
import {
	createScriptedService,
	type Script,
	type ScriptedService,
} from "./scripted-service.ts";
import { createTestServer, listenForTest } from "./test-server.ts";

/** Calls as models of the Hermes family write them. */
export function hermesCall(name: string, value: unknown): string {
	return `<tool_call>\n${JSON.stringify({ name, arguments: value })}\n</tool_call>`;
}

export interface AnsweringModel {
	address: string;
	scripted: ScriptedService;
	app: FastifyInstance;
	/** The prompt of a generation, from the first. */
	promptOf(index: number): string;
	/** From now on: each answer after the other, the last one again and again. */
	answerWith(...answers: string[]): void;
}

/** A model that says what it is told to, in pieces of five characters. */
export async function startAnsweringModel(
	outputFormat: OutputFormat,
): Promise<AnsweringModel> {
	let answers: readonly string[] = [];
	let next = 0;
	const scripted = createScriptedService({
		maxModelLength: 32_768,
		outputFormat,
		script: (): Script => {
			const answer = answers[Math.min(next++, answers.length - 1)] ?? "";
			return { deltas: answer.match(/[\s\S]{1,5}/g) ?? [] };
		},
	});
	const { app } = createTestServer({}, scripted);
	return {
		address: await listenForTest(app),
		scripted,
		app,
		promptOf: (index) =>
			scripted.service.detokenize(
				scripted.requests[index]?.promptTokens ?? [],
				{ renderSpecialTokens: true },
			),
		answerWith: (...given) => {
			answers = given;
			next = 0;
			scripted.requests.length = 0;
		},
	};
}
