import type { GgufWriterValue } from "../../gguf-writer.ts";
import { isObject, type JsonObject, listOf, objectOf } from "../json-file.ts";
import { flag, uint32 } from "../metadata-values.ts";
import type { TokenTable } from "./vocabulary.ts";

export interface SpecialTokenSources {
	/** `tokenizer.json`. */
	tokenizer: JsonObject | null;
	/** `tokenizer_config.json`. */
	tokenizerConfig: JsonObject;
	/** `generation_config.json`. */
	generationConfig: JsonObject;
	/** `config.json`. */
	modelConfig: JsonObject;
}

/** Which tokens begin and end texts, and whether they are put there. */
export function describeSpecialTokens(
	sources: SpecialTokenSources,
	table: TokenTable,
): Map<string, GgufWriterValue> {
	const ids = new Map(table.texts.map((text, id) => [text, id]));
	const values = new Map<string, GgufWriterValue>();
	const named = (key: string): number | null => {
		const value = sources.tokenizerConfig[key];
		const content = isObject(value) ? value.content : value;
		return typeof content === "string" ? (ids.get(content) ?? null) : null;
	};
	const numbered = (key: string): number[] => {
		const value =
			sources.generationConfig[key] ?? sources.modelConfig[key] ?? null;
		return (Array.isArray(value) ? value : [value]).filter(
			(id): id is number =>
				Number.isSafeInteger(id) && id >= 0 && id < table.texts.length,
		);
	};
	const set = (key: string, id: number | null | undefined) => {
		if (id !== null && id !== undefined)
			values.set(`tokenizer.ggml.${key}`, uint32(id));
	};
	const bos = named("bos_token") ?? numbered("bos_token_id")[0] ?? null;
	const ends = numbered("eos_token_id");
	const eos = named("eos_token") ?? ends[0] ?? null;
	// A model may end by several tokens; the engine has two more names for such.
	const others = ends.filter((id) => id !== eos);
	set("bos_token_id", bos);
	set("eos_token_id", eos);
	set("eot_token_id", others[0]);
	set("eom_token_id", others[1]);
	set("unknown_token_id", named("unk_token"));
	set("padding_token_id", named("pad_token") ?? numbered("pad_token_id")[0]);

	const places = templatePlaces(sources.tokenizer, ids);
	const stated = (key: string) => {
		const value = sources.tokenizerConfig[key];
		return typeof value === "boolean" ? value : null;
	};
	const isPieceModelAlone = sources.tokenizer === null;
	const addsBos =
		places === null
			? (stated("add_bos_token") ?? isPieceModelAlone)
			: places.first !== null && places.first === bos;
	const addsEos =
		places === null
			? (stated("add_eos_token") ?? false)
			: places.last !== null && places.last === eos;
	values.set("tokenizer.ggml.add_bos_token", flag(addsBos && bos !== null));
	values.set("tokenizer.ggml.add_eos_token", flag(addsEos && eos !== null));
	return values;
}

/** What tokenizer.json's template puts first and last; null when it has no template. */
function templatePlaces(
	tokenizer: JsonObject | null,
	ids: ReadonlyMap<string, number>,
): { first: number | null; last: number | null } | null {
	const processor = tokenizer?.post_processor;
	const steps = isObject(processor)
		? [processor, ...listOf(processor.processors)]
		: [];
	for (const step of steps) {
		if (!isObject(step) || step.type !== "TemplateProcessing") continue;
		const single = listOf(step.single);
		const idOf = (item: unknown): number | null => {
			const token = objectOf(objectOf(item).SpecialToken).id;
			return typeof token === "string" ? (ids.get(token) ?? null) : null;
		};
		return {
			first: idOf(single[0]),
			last: single.length > 1 ? idOf(single.at(-1)) : null,
		};
	}
	return null;
}
