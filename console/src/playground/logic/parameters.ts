import { parseJsonObject } from "./json-text.ts";
import { type ParameterValue, parameters } from "./parameter-table.ts";

export type ParameterValues = Readonly<Record<string, ParameterValue>>;

/** With one parameter set, or with `undefined` back to what it is when left alone. */
export function withParameter(
	values: ParameterValues,
	name: string,
	value: ParameterValue | undefined,
): ParameterValues {
	const { [name]: _, ...others } = values;
	if (value === undefined || value === "") return others;
	if (Array.isArray(value) && value.length === 0) return others;
	return { ...others, [name]: value };
}

export interface Problem {
	/** The setting at fault, as the API calls it. */
	field: string;
	message: string;
}

/** The parameters as fields of a request's body, or what is wrong with them. */
export function toParameterFields(
	values: ParameterValues,
	{ isChat }: { isChat: boolean },
): { fields: Record<string, unknown>; problems: Problem[] } {
	const fields: Record<string, unknown> = {};
	const problems: Problem[] = [];
	for (const parameter of parameters) {
		const { name } = parameter;
		const value = values[name];
		if (value === undefined) continue;
		if (parameter.isChatOnly === true && !isChat) continue;
		if (parameter.kind === "json") {
			const parsed = parseJsonObject(String(value));
			if (typeof parsed === "string")
				problems.push({
					field: name,
					message: `${parameter.title}: ${parsed}`,
				});
			else fields[name] = parsed;
			continue;
		}
		if (parameter.kind === "ids") {
			const ids = (Array.isArray(value) ? value : [value]).map(Number);
			if (ids.some((id) => !Number.isInteger(id) || id < 0))
				problems.push({
					field: name,
					message: `${parameter.title}: token ids are whole numbers from 0.`,
				});
			else fields[name] = ids;
			continue;
		}
		// OpenAI's chat API has a newer name for it; its completions API does not.
		fields[name === "max_tokens" && isChat ? "max_completion_tokens" : name] =
			value;
	}
	return { fields, problems };
}
