export interface CodePiece {
	text: string;
	kind: "plain" | "comment" | "string" | "keyword" | "number";
}

const keywords =
	"import from for in if else def return print as with async await const let of new function class true false True False None null export curl";

/** Just enough colour for samples of a screen: strings, comments, numbers, keywords. Concatenated, the pieces are the code. */
export function highlight(code: string, language: string): CodePiece[] {
	const comment =
		language === "javascript" ? String.raw`//[^\n]*` : String.raw`#[^\n]*`;
	const grammar = new RegExp(
		[
			String.raw`(?<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\])*'|` +
				String.raw`${"`"}(?:\\.|[^\\${"`"}])*${"`"})`,
			`(?<comment>(?<![\\w:/])${comment})`,
			String.raw`(?<number>\b\d[\d.]*\b)`,
			`(?<keyword>\\b(?:${keywords.replaceAll(" ", "|")})\\b)`,
		].join("|"),
		"g",
	);
	const pieces: CodePiece[] = [];
	let end = 0;
	for (const match of code.matchAll(grammar)) {
		if (match.index > end)
			pieces.push({ text: code.slice(end, match.index), kind: "plain" });
		const kind =
			(["comment", "string", "keyword", "number"] as const).find(
				(name) => match.groups?.[name] !== undefined,
			) ?? "plain";
		pieces.push({ text: match[0], kind });
		end = match.index + match[0].length;
	}
	if (end < code.length) pieces.push({ text: code.slice(end), kind: "plain" });
	return pieces;
}
