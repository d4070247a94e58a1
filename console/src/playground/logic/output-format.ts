import { parseJson, parseJsonObject } from "./json-text.ts";
import type { Problem } from "./parameters.ts";
import { schemaProblem } from "./schema-check.ts";
import type { OutputKind, Settings } from "./settings.ts";

export const exampleOutputs: Readonly<Partial<Record<OutputKind, string>>> = {
	json_schema: `{
  "type": "object",
  "properties": {
    "name": { "type": "string" },
    "age": { "type": "integer", "minimum": 0 }
  },
  "required": ["name", "age"],
  "additionalProperties": false
}`,
	regex: "(yes|no), because [a-z ]{5,60}\\.",
	choice: "positive\nneutral\nnegative",
	grammar: 'root ::= item+\nitem ::= "- " [a-z ]+ "\\n"',
};

/** What of the request says how the answer must look. */
export function toOutputFields({
	outputKind,
	outputTexts,
}: Pick<Settings, "outputKind" | "outputTexts">): {
	fields: Record<string, unknown>;
	problems: Problem[];
} {
	const text = outputTexts[outputKind] ?? "";
	const wrong = (field: string, message: string) => ({
		fields: {},
		problems: [{ field, message }],
	});
	switch (outputKind) {
		case "text":
			return { fields: {}, problems: [] };
		case "json_object":
			return {
				fields: { response_format: { type: "json_object" } },
				problems: [],
			};
		case "json_schema": {
			const field = "response_format.json_schema.schema";
			if (text.trim() === "")
				return wrong(field, "Type the JSON schema that the answer must match.");
			const schema = parseJsonObject(text);
			if (typeof schema === "string")
				return wrong(field, `JSON schema: ${schema}`);
			const fault = schemaProblem(schema);
			if (fault !== null)
				return wrong(field + fault.path, `JSON schema: ${fault.message}`);
			return {
				fields: {
					response_format: {
						type: "json_schema",
						json_schema: { name: "answer", schema },
					},
				},
				problems: [],
			};
		}
		case "regex":
			return text === ""
				? wrong("guided_regex", "Type the pattern that the answer must match.")
				: { fields: { guided_regex: text }, problems: [] };
		case "choice": {
			const choices = text.split("\n").filter((line) => line.trim() !== "");
			return choices.length === 0
				? wrong("guided_choice", "Type the possible answers, one a line.")
				: { fields: { guided_choice: choices }, problems: [] };
		}
		case "grammar":
			return text.trim() === ""
				? wrong("guided_grammar", "Type a grammar in GBNF, from 'root' on.")
				: { fields: { guided_grammar: text }, problems: [] };
	}
}

/** Whether an answer that was to be JSON is; null where it was not to be. */
export function isJsonAnswer(kind: OutputKind, text: string): boolean | null {
	if (kind !== "json_object" && kind !== "json_schema") return null;
	return typeof parseJson(text) !== "string";
}
