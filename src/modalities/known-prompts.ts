/** What a model was trained to read before a text. */
export interface EncoderPrompts {
	query: string;
	passage: string;
	/** When nobody says which it is. */
	unspecified: string;
}

const searching = "Represent this sentence for searching relevant passages: ";

/**
 * Families that don't write their prompts into their files; from their model cards. The first match of the model's name
 * counts. Families that were trained without (MiniLM, GTE, BGE-M3) have no row.
 */
const knownPrompts: readonly (readonly [RegExp, EncoderPrompts])[] = [
	[
		/e5-(?:mistral|.*instruct)/i,
		{
			query:
				"Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: ",
			passage: "",
			unspecified: "",
		},
	],
	[
		/(?:^|[/_-])e5(?:[/_-]|$)/i,
		{ query: "query: ", passage: "passage: ", unspecified: "query: " },
	],
	[
		/nomic-embed-text|modernbert-embed/i,
		{
			query: "search_query: ",
			passage: "search_document: ",
			unspecified: "search_document: ",
		},
	],
	[
		/bge-.*-zh/i,
		{
			query: "为这个句子生成表示以用于检索相关文章：",
			passage: "",
			unspecified: "",
		},
	],
	[
		/bge-(?:small|base|large)-en|mxbai-embed|snowflake-arctic-embed/i,
		{ query: searching, passage: "", unspecified: "" },
	],
];

const queryNames = ["query", "search_query", "web_search_query", "s2p_query"];
const passageNames = [
	"passage",
	"document",
	"search_document",
	"corpus",
	"text",
];

/** From the model's own list of prompts where it has one, else from what is known of its family. */
export function promptsOf(
	names: readonly string[],
	listed: Readonly<Record<string, string>>,
	defaultName: string | null,
): EncoderPrompts {
	const named = (candidates: readonly string[]) =>
		candidates.map((name) => listed[name]).find((text) => text !== undefined);
	const query = named(queryNames);
	const passage = named(passageNames);
	const unspecified = defaultName === null ? undefined : listed[defaultName];
	if (query !== undefined || passage !== undefined || unspecified !== undefined)
		return {
			query: query ?? unspecified ?? "",
			passage: passage ?? unspecified ?? "",
			unspecified: unspecified ?? "",
		};
	const known = knownPrompts.find(([pattern]) =>
		names.some((name) => pattern.test(name)),
	);
	return known?.[1] ?? { query: "", passage: "", unspecified: "" };
}
