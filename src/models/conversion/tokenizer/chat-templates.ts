import type { GgufWriterValue } from "../../gguf-writer.ts";
import { isObject, type JsonObject, readTextFile } from "../json-file.ts";
import { text, texts } from "../metadata-values.ts";

/** A file of its own, else what `tokenizer_config.json` holds: one text, or several with names. */
export async function describeChatTemplates(
	directory: string,
	tokenizerConfig: JsonObject,
): Promise<Map<string, GgufWriterValue>> {
	const values = new Map<string, GgufWriterValue>();
	const own = await readTextFile(directory, "chat_template.jinja");
	const stored = tokenizerConfig.chat_template;
	if (typeof stored === "string")
		values.set("tokenizer.chat_template", text(stored));
	if (Array.isArray(stored)) {
		const names: string[] = [];
		for (const item of stored) {
			if (
				!isObject(item) ||
				typeof item.name !== "string" ||
				typeof item.template !== "string"
			)
				continue;
			if (item.name === "default")
				values.set("tokenizer.chat_template", text(item.template));
			else {
				const name = item.name.replace(/[^\w]/g, "_");
				names.push(name);
				values.set(`tokenizer.chat_template.${name}`, text(item.template));
			}
		}
		if (names.length > 0) values.set("tokenizer.chat_templates", texts(names));
	}
	if (own !== null) values.set("tokenizer.chat_template", text(own));
	return values;
}
