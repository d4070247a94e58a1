import { describe, expect, it } from "vitest";
import type { GenerationRequest } from "../../core/generation-request.ts";
import { ParsedChoice } from "../generation/parsed-choice.ts";
import { createPrefixParser } from "../testing/prefix-parser.ts";
import { createScriptedService } from "../testing/scripted-service.ts";
import type { ResponseObject } from "./response-object.ts";
import { ResponseRun } from "./response-run.ts";

function run(deltas: readonly string[], maxTokens: number | null = null) {
	const scripted = createScriptedService({ script: { deltas } });
	const response = { id: "resp_1", output: [] } as unknown as ResponseObject;
	const request = {
		id: "1",
		choices: 1,
		promptTokens: Int32Array.of(1),
		logprobs: null,
		promptLogprobs: null,
		stop: { maxTokens },
	} as unknown as GenerationRequest;
	const made = new ResponseRun({
		service: scripted.service,
		request,
		response,
		isDetached: false,
		summarizes: false,
		reader: new ParsedChoice(createPrefixParser()),
		save: null,
		onPromptTokens: () => {},
		onCompletionTokens: () => {},
	});
	return new Promise<ResponseObject>((resolve, reject) => {
		made.listen({ refused: reject, ended: () => resolve(made.response) });
		made.start();
	});
}

describe("a response of a model that reasons and calls", () => {
	it("has what was parsed, and counts the tokens of the reasoning", async () => {
		const response = await run([
			"think:Hm.",
			"Well",
			"call:weather",
			'args:{"a":1}',
			"end:",
		]);
		expect(response.status).toBe("completed");
		expect(response.output).toMatchObject([
			{ type: "reasoning", content: [{ text: "Hm." }] },
			{ type: "message", content: [{ text: "Well" }] },
			{ call_id: "call_0", arguments: '{"a":1}', status: "completed" },
		]);
		const details = response.usage?.output_tokens_details;
		expect(details?.reasoning_tokens).toBeGreaterThanOrEqual(
			"think:Hm.".length,
		);
	});

	it("leaves a call that was cut incomplete", async () => {
		const deltas = ["call:weather", 'args:{"a":1', "args:}"];
		const length = deltas[0]?.length ?? 0;
		const response = await run(deltas, length + (deltas[1]?.length ?? 0));
		expect(response.status).toBe("incomplete");
		expect(response.output).toMatchObject([
			{ type: "function_call", arguments: '{"a":1', status: "incomplete" },
		]);
	});
});
