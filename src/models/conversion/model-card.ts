import { parse } from "yaml";
import type { GgufWriterValue } from "../gguf-writer.ts";
import { isObject, type JsonObject, readTextFile } from "./json-file.ts";
import { text, texts, uint32 } from "./metadata-values.ts";

const maxFrontMatterLength = 256 * 1024;

/** `general.*` about where a model comes from: the front matter of its README; what says no name gets `fallbackName`. */
export async function describeOrigin(
	directory: string,
	fallbackName: string,
	config: JsonObject,
	warnings: string[],
): Promise<Map<string, GgufWriterValue>> {
	const card = await readFrontMatter(directory, warnings);
	const values = new Map<string, GgufWriterValue>();
	const setText = (key: string, value: unknown) => {
		if (typeof value === "string" && value.trim() !== "")
			values.set(`general.${key}`, text(value.trim()));
	};
	const setTexts = (key: string, value: unknown) => {
		const list = (Array.isArray(value) ? value : [value]).filter(
			(item): item is string => typeof item === "string" && item !== "",
		);
		if (list.length > 0) values.set(`general.${key}`, texts(list));
	};
	const stated = config._name_or_path;
	const name =
		typeof card.model_name === "string"
			? card.model_name
			: typeof stated === "string" && /^[\w.-]+\/[\w.-]+$/.test(stated)
				? (stated.split("/")[1] ?? "")
				: fallbackName;
	setText("name", name);
	setText("author", card.model_creator ?? card.author);
	setText("license", card.license);
	setText("license.name", card.license_name);
	setText("license.link", card.license_link);
	setTexts("languages", card.language);
	setTexts("tags", [
		...(Array.isArray(card.tags) ? card.tags : []),
		...(typeof card.pipeline_tag === "string" ? [card.pipeline_tag] : []),
	]);
	setBaseModels(values, card.base_model);
	return values;
}

function setBaseModels(
	values: Map<string, GgufWriterValue>,
	stated: unknown,
): void {
	const models = (Array.isArray(stated) ? stated : [stated]).filter(
		(item): item is string => typeof item === "string" && item !== "",
	);
	if (models.length === 0) return;
	values.set("general.base_model.count", uint32(models.length));
	for (const [index, model] of models.entries()) {
		const [organization, name] = model.split("/");
		const key = `general.base_model.${index}`;
		values.set(`${key}.name`, text(name ?? model));
		if (name === undefined || organization === undefined) continue;
		values.set(`${key}.organization`, text(organization));
		values.set(`${key}.repo_url`, text(`https://huggingface.co/${model}`));
	}
}

/** The YAML between the first two lines of dashes. What can't be read is left out: a card must not keep a model from converting. */
async function readFrontMatter(
	directory: string,
	warnings: string[],
): Promise<JsonObject> {
	const readme = await readTextFile(directory, "README.md");
	const [, yaml] =
		/^\ufeff?---\r?\n([\s\S]*?)\r?\n---/.exec(readme ?? "") ?? [];
	if (yaml === undefined || yaml.length > maxFrontMatterLength) return {};
	try {
		const parsed: unknown = parse(yaml, { maxAliasCount: 10 });
		return isObject(parsed) ? parsed : {};
	} catch (error) {
		const reason = error instanceof Error ? error.message.split("\n")[0] : "";
		warnings.push(`README.md's head is no YAML and was left out: ${reason}`);
		return {};
	}
}
