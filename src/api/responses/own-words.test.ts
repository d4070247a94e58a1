import { describe, expect, it } from "vitest";
import { GalleyError } from "../../core/errors.ts";
import { inOwnWords } from "./own-words.ts";

describe("an error about a chat completion", () => {
	it.each([
		["messages", "input"],
		["messages[3].content", "input"],
		["max_completion_tokens", "max_output_tokens"],
		["max_tokens", "max_output_tokens"],
		["response_format.json_schema.schema", "text.format.schema"],
		["response_format", "text.format"],
		["tools[2].function.parameters", "tools[2].parameters"],
		["tool_choice.function.name", "tool_choice.name"],
		["reasoning_effort", "reasoning.effort"],
		["temperature", "temperature"],
	])("about %s is about %s", (theirs, ours) => {
		const error = new GalleyError("unsupported_parameter", `'${theirs}': no.`, {
			param: theirs,
		});
		const own = inOwnWords(error);
		expect(own.param).toBe(ours);
		expect(own.message).toBe(`'${ours}': no.`);
		expect(own.code).toBe("unsupported_parameter");
	});

	it("keeps what it said of itself", () => {
		const error = new GalleyError("queue_full", "Too many wait.", {
			retryAfterSeconds: 3,
		});
		expect(inOwnWords(error)).toMatchObject({
			message: "Too many wait.",
			param: null,
			retryAfterSeconds: 3,
		});
	});
});
