import { parseJson } from "./json-text.ts";
import type { Problem } from "./parameters.ts";
import { schemaProblem } from "./schema-check.ts";
import { asRecord, asText, type Unknown } from "./wire.ts";

export const exampleTools = `[
  {
    "type": "function",
    "function": {
      "name": "get_weather",
      "description": "The weather in a town now",
      "parameters": {
        "type": "object",
        "properties": {
          "town": { "type": "string", "description": "Its name" },
          "unit": { "type": "string", "enum": ["celsius", "fahrenheit"] }
        },
        "required": ["town"]
      }
    }
  }
]`;

interface ParsedTools {
	/** As they are sent. */
	tools: readonly Unknown[];
	names: readonly string[];
	problems: readonly Problem[];
}

/** The tools that were typed. A list of bare functions is understood too: people paste both. */
export function parseTools(text: string): ParsedTools {
	if (text.trim() === "") return { tools: [], names: [], problems: [] };
	const wrong = (field: string, message: string): ParsedTools => ({
		tools: [],
		names: [],
		problems: [{ field, message }],
	});
	const value = parseJson(text);
	if (typeof value === "string") return wrong("tools", `Tools: ${value}`);
	const list = Array.isArray(value.parsed) ? value.parsed : [value.parsed];
	const tools: Unknown[] = [];
	const names: string[] = [];
	const problems: Problem[] = [];
	for (const [index, entry] of list.entries()) {
		const field = `tools[${index}]`;
		const tool = asRecord(entry);
		const declared = asRecord(tool?.function) ?? tool;
		const name = asText(declared?.name);
		if (tool === null || declared === null || name === null) {
			problems.push({
				field,
				message: `Tool ${index + 1} has no function with a name.`,
			});
			continue;
		}
		if (!/^[\w.-]{1,128}$/.test(name))
			problems.push({
				field: `${field}.function.name`,
				message: `'${name}' is no name for a function: letters, digits, '_', '-' and '.' only.`,
			});
		if (names.includes(name))
			problems.push({
				field: `${field}.function.name`,
				message: `Two functions are called '${name}'.`,
			});
		if (declared.parameters !== undefined) {
			const fault = schemaProblem(declared.parameters);
			if (fault !== null)
				problems.push({
					field: `${field}.function.parameters${fault.path}`,
					message: `Parameters of '${name}': ${fault.message}`,
				});
		}
		names.push(name);
		tools.push(
			tool.function === undefined
				? { type: "function", function: declared }
				: { type: "function", ...tool },
		);
	}
	return problems.length > 0
		? { tools: [], names, problems }
		: { tools, names, problems };
}

/** `auto`, `none`, `required`, or one function that must be called. */
export function toToolChoice(
	choice: string,
	names: readonly string[],
): unknown {
	if (choice === "none" || choice === "required") return choice;
	if (names.includes(choice))
		return { type: "function", function: { name: choice } };
	return "auto";
}
