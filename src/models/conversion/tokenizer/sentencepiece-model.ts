import { GalleyError } from "../../../core/errors.ts";

/** What `tokenizer.model` holds: a protocol buffer, see sentencepiece's `sentencepiece_model.proto`. */
export interface SentencePieceModel {
	pieces: readonly { text: string; score: number; kind: number }[];
	/** 1 unigram, 2 BPE, 3 words, 4 characters. */
	modelType: number;
	putsSpaceFirst: boolean;
	/** Rules that change the text before it is cut. */
	normalizer: string;
}

type Field =
	| { number: number; value: number }
	| { number: number; bytes: Uint8Array };

/** Throws GalleyError `model_unusable` when it is no such file. */
export function parseSentencePieceModel(
	bytes: Uint8Array,
	path: string,
): SentencePieceModel {
	const pieces: { text: string; score: number; kind: number }[] = [];
	let modelType = 1;
	let putsSpaceFirst = true;
	let normalizer = "";
	try {
		for (const field of fieldsOf(bytes)) {
			if (!("bytes" in field)) continue;
			if (field.number === 1) pieces.push(parsePiece(field.bytes));
			if (field.number === 2)
				for (const inner of fieldsOf(field.bytes))
					if (inner.number === 3 && "value" in inner) modelType = inner.value;
			if (field.number === 3)
				for (const inner of fieldsOf(field.bytes)) {
					if (inner.number === 1 && "bytes" in inner)
						normalizer = new TextDecoder().decode(inner.bytes);
					if (inner.number === 3 && "value" in inner)
						putsSpaceFirst = inner.value !== 0;
				}
		}
	} catch (cause) {
		throw new GalleyError(
			"model_unusable",
			`"${path}" is no SentencePiece model or damaged. Download it again.`,
			{ cause },
		);
	}
	return { pieces, modelType, putsSpaceFirst, normalizer };
}

function parsePiece(bytes: Uint8Array): {
	text: string;
	score: number;
	kind: number;
} {
	const piece = { text: "", score: 0, kind: 1 };
	for (const field of fieldsOf(bytes)) {
		if (field.number === 1 && "bytes" in field)
			piece.text = new TextDecoder().decode(field.bytes);
		if (field.number === 2 && "bytes" in field)
			piece.score = new DataView(
				field.bytes.buffer,
				field.bytes.byteOffset,
				4,
			).getFloat32(0, true);
		if (field.number === 3 && "value" in field) piece.kind = field.value;
	}
	return piece;
}

/** Fixed-width fields come as their bytes. */
function* fieldsOf(bytes: Uint8Array): Generator<Field> {
	let at = 0;
	const varint = () => {
		let value = 0;
		for (let shift = 0; shift < 64; shift += 7) {
			const byte = bytes[at++];
			if (byte === undefined) throw new RangeError("ends inside a number");
			value += (byte & 127) * 2 ** shift;
			if (byte < 128) return value;
		}
		throw new RangeError("has a number that is too long");
	};
	const take = (length: number) => {
		if (!Number.isSafeInteger(length) || at + length > bytes.length)
			throw new RangeError("ends inside a field");
		at += length;
		return bytes.subarray(at - length, at);
	};
	while (at < bytes.length) {
		const tag = varint();
		const number = Math.floor(tag / 8);
		switch (tag % 8) {
			case 0:
				yield { number, value: varint() };
				break;
			case 1:
				yield { number, bytes: take(8) };
				break;
			case 2:
				yield { number, bytes: take(varint()) };
				break;
			case 5:
				yield { number, bytes: take(4) };
				break;
			default:
				throw new RangeError("has a field of unknown kind");
		}
	}
}
