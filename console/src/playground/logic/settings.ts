import type { ParameterValue } from "./parameter-table.ts";
import { parameters } from "./parameter-table.ts";
import type { ParameterValues } from "./parameters.ts";
import { asRecord, asText } from "./wire.ts";

export const outputKinds = [
	"text",
	"json_object",
	"json_schema",
	"regex",
	"choice",
	"grammar",
] as const;

export type OutputKind = (typeof outputKinds)[number];

/** All that a request says beside its messages or prompt. */
export interface Settings {
	model: string;
	system: string;
	parameters: ParameterValues;
	/** JSON text, as it was typed. */
	tools: string;
	/** `auto`, `none`, `required`, or a function's name. */
	toolChoice: string;
	outputKind: OutputKind;
	/** What was typed for each kind, so that trying another kind loses nothing. */
	outputTexts: Readonly<Partial<Record<OutputKind, string>>>;
	/** Alternatives to ask for with each token; null for no logprobs. */
	logprobs: number | null;
}

export const defaultSettings: Settings = {
	model: "",
	system: "",
	parameters: {},
	tools: "",
	toolChoice: "auto",
	outputKind: "text",
	outputTexts: {},
	logprobs: null,
};

/** Settings from a file or an older version: what fits is taken, the rest is as if it had never been set. */
export function parseSettings(value: unknown): Settings {
	const given = asRecord(value) ?? {};
	const outputKind = outputKinds.find((kind) => kind === given.outputKind);
	const texts = asRecord(given.outputTexts) ?? {};
	const { logprobs } = given;
	return {
		model: asText(given.model) ?? "",
		system: asText(given.system) ?? "",
		parameters: parseParameters(given.parameters),
		tools: asText(given.tools) ?? "",
		toolChoice: asText(given.toolChoice) ?? "auto",
		outputKind: outputKind ?? "text",
		outputTexts: Object.fromEntries(
			outputKinds.flatMap((kind) => {
				const text = asText(texts[kind]);
				return text === null ? [] : [[kind, text]];
			}),
		),
		logprobs:
			typeof logprobs === "number" && logprobs >= 0 && logprobs <= 20
				? Math.round(logprobs)
				: null,
	};
}

function parseParameters(value: unknown): ParameterValues {
	const given = asRecord(value) ?? {};
	const values: Record<string, ParameterValue> = {};
	for (const { name, kind } of parameters) {
		const one = given[name];
		const isList =
			Array.isArray(one) && one.every((entry) => typeof entry === "string");
		const fits =
			kind === "slider" || kind === "number"
				? typeof one === "number" && Number.isFinite(one)
				: kind === "switch"
					? typeof one === "boolean"
					: kind === "texts" || kind === "ids"
						? isList
						: typeof one === "string";
		if (fits) values[name] = one as ParameterValue;
	}
	return values;
}

/** How many settings differ from untouched ones; the model and the system prompt aside. */
export function countChanges(settings: Settings): number {
	return (
		Object.keys(settings.parameters).length +
		(settings.tools.trim() === "" ? 0 : 1) +
		(settings.outputKind === "text" ? 0 : 1) +
		(settings.logprobs === null ? 0 : 1)
	);
}
