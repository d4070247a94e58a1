import type { OutputParser, OutputPiece } from "../../core/output-format.ts";

/** For scripted answers: a delta is a piece, and its first word, as in `think:Hm.`, says which. A call ends with `end:`. */
export function createPrefixParser(): OutputParser {
	let index = -1;
	let isReasoning = false;
	let isInCall = false;
	const toPiece = (text: string): OutputPiece => {
		const [, kind, rest = ""] = /^(think|call|args|end):(.*)$/.exec(text) ?? [];
		isReasoning = kind === "think";
		if (kind === "think") return { type: "reasoning", text: rest };
		if (kind === "call") {
			isInCall = true;
			index++;
			return { type: "call", index, id: `call_${index}`, name: rest };
		}
		if (kind === "args") return { type: "arguments", index, text: rest };
		if (kind === "end") {
			isInCall = false;
			return { type: "call-end", index };
		}
		return { type: "text", text };
	};
	return {
		push: (text) => [toPiece(text)],
		end: () => (isInCall ? [{ type: "call-end", index }] : []),
		get isReasoning() {
			return isReasoning;
		},
	};
}
