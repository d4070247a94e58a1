import { join } from "node:path";
import { GalleyError } from "../../../core/errors.ts";
import type { GgufWriterValue } from "../../gguf-writer.ts";
import { isObject, type JsonObject, listOf, objectOf } from "../json-file.ts";
import { flag, floats, integers, text, texts } from "../metadata-values.ts";
import { readMerges } from "./byte-level.ts";
import { parseSentencePieceModel } from "./sentencepiece-model.ts";
import {
	type AddedToken,
	setAddedTokens,
	type TokenKind,
	type TokenTable,
	tokenKinds,
} from "./vocabulary.ts";

/** The character that stands for a space. */
const space = "\u2581";
const bytePiece = /^<0x([0-9A-F]{2})>$/;

export interface SentencePieceSource {
	directory: string;
	/** `tokenizer.json`, or null. */
	tokenizer: JsonObject | null;
	/** `tokenizer.model`, or null; it wins. */
	model: Uint8Array | null;
}

/** BPE as SentencePiece makes it: pieces with scores, bytes for what is unknown: `tokenizer.ggml.model` "llama". */
export function convertSentencePiece(
	source: SentencePieceSource,
	added: readonly AddedToken[],
	table: TokenTable,
	warnings: string[],
): Map<string, GgufWriterValue> {
	const { directory, tokenizer, model } = source;
	let putsSpaceFirst = true;
	if (model !== null)
		putsSpaceFirst = readPieces(model, directory, tokenizer === null, table);
	else if (tokenizer !== null)
		readMergedPieces(tokenizer, directory, added, table);
	if (tokenizer !== null)
		putsSpaceFirst = readSpaceRule(tokenizer, directory, warnings);
	setAddedTokens(table, added);
	const bytes = table.kinds.filter((kind) => kind === tokenKinds.byte).length;
	if (bytes !== 256)
		throw refused(
			directory,
			`has ${bytes} tokens for bytes; the engine needs all 256`,
		);
	return new Map([
		["tokenizer.ggml.model", text("llama")],
		["tokenizer.ggml.pre", text("default")],
		["tokenizer.ggml.tokens", texts(table.texts)],
		["tokenizer.ggml.scores", floats(table.scores)],
		["tokenizer.ggml.token_type", integers(table.kinds)],
		["tokenizer.ggml.add_space_prefix", flag(putsSpaceFirst)],
	]);
}

/** Returns whether a space is put before a text. */
function readPieces(
	bytes: Uint8Array,
	directory: string,
	isAlone: boolean,
	table: TokenTable,
): boolean {
	const model = parseSentencePieceModel(
		bytes,
		join(directory, "tokenizer.model"),
	);
	if (model.modelType !== 2)
		throw refused(
			directory,
			"is a SentencePiece model of another kind than BPE (a unigram model, most likely)",
		);
	if (isAlone && !["", "identity"].includes(model.normalizer))
		throw refused(
			directory,
			`changes text by the rules "${model.normalizer}" first, which the engine doesn't`,
		);
	const kinds: Record<number, TokenKind> = {
		1: tokenKinds.normal,
		2: tokenKinds.unknown,
		3: tokenKinds.control,
		4: tokenKinds.userDefined,
		5: tokenKinds.unused,
		6: tokenKinds.byte,
	};
	for (const [id, piece] of model.pieces.entries())
		table.set(
			id,
			piece.text,
			kinds[piece.kind] ?? tokenKinds.normal,
			piece.score,
		);
	return model.putsSpaceFirst;
}

/**
 * SentencePiece joins the two neighbours whose joined piece has the best score, so the piece of the first merge gets the best
 * one. That is the same as the merges only when each way to make a piece is among them.
 */
function readMergedPieces(
	tokenizer: JsonObject,
	directory: string,
	added: readonly AddedToken[],
	table: TokenTable,
): void {
	const model = objectOf(tokenizer.model);
	const vocabulary = objectOf(model.vocab);
	const merges = readMerges(directory, model.merges);
	const ranks = new Map<string, number>();
	for (const [rank, merge] of merges.entries()) {
		const piece = merge.replace(" ", "");
		if (!ranks.has(piece)) ranks.set(piece, rank);
	}
	const known = new Set(merges);
	const special = new Set(added.map((token) => token.content));
	for (const [piece, id] of Object.entries(vocabulary)) {
		const isByte = bytePiece.test(piece);
		const kind = isByte
			? tokenKinds.byte
			: piece === model.unk_token
				? tokenKinds.unknown
				: tokenKinds.normal;
		table.set(Number(id), piece, kind, -(ranks.get(piece) ?? merges.length));
		if (isByte || special.has(piece)) continue;
		const missing = missingMerge(piece, vocabulary, known);
		if (missing !== null)
			throw refused(
				directory,
				`doesn't merge "${missing}", though "${piece}" is a token: its merges are no SentencePiece ones`,
			);
	}
}

function missingMerge(
	piece: string,
	vocabulary: JsonObject,
	merges: ReadonlySet<string>,
): string | null {
	const characters = [...piece];
	let left = "";
	for (const character of characters.slice(0, -1)) {
		left += character;
		const right = piece.slice(left.length);
		const isPossible =
			Object.hasOwn(vocabulary, left) && Object.hasOwn(vocabulary, right);
		if (isPossible && !merges.has(`${left} ${right}`))
			return `${left} ${right}`;
	}
	return null;
}

/** Whether a space is put before a text. Throws for steps that the engine doesn't have. */
function readSpaceRule(
	tokenizer: JsonObject,
	directory: string,
	warnings: string[],
): boolean {
	let putsSpaceFirst = false;
	const normalize = (step: unknown): void => {
		if (!isObject(step)) return;
		if (step.type === "Sequence")
			for (const inner of listOf(step.normalizers)) normalize(inner);
		else if (step.type === "Prepend" && step.prepend === space)
			putsSpaceFirst = true;
		else if (
			step.type !== "Replace" ||
			objectOf(step.pattern).String !== " " ||
			step.content !== space
		)
			throw refused(
				directory,
				`changes text by ${JSON.stringify(step).slice(0, 200)} first, which the engine doesn't`,
			);
	};
	normalize(tokenizer.normalizer);
	const step = tokenizer.pre_tokenizer;
	if (isObject(step) && step.type === "Metaspace") {
		const scheme =
			step.prepend_scheme ??
			(step.add_prefix_space === false ? "never" : "always");
		if (scheme !== "never") putsSpaceFirst = true;
		if (scheme === "first")
			warnings.push(
				"The original puts a space before the first word of a text alone, the engine after control tokens too.",
			);
	} else if (isObject(step)) {
		// Gemma cuts at spaces, of which its normalizer has left none.
		const isIdle =
			step.type === "Split" && objectOf(step.pattern).String === " ";
		if (!isIdle)
			throw refused(
				directory,
				`uses the pre-tokenizer "${String(step.type)}", which the engine doesn't have`,
			);
	}
	return putsSpaceFirst;
}

function refused(directory: string, what: string): GalleyError {
	return new GalleyError(
		"model_unusable",
		`The tokenizer in "${directory}" ${what}. Galley converts byte-level BPE and SentencePiece BPE; get a GGUF file of the model.`,
	);
}
