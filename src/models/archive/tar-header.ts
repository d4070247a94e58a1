import { GalleyError } from "../../core/errors.ts";

/**
 * The header block of POSIX tar (ustar, and pax for what ustar has no room for):
 * https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html
 *
 *     0 name 100 | 100 mode 8 | 108 uid 8 | 116 gid 8 | 124 size 12 | 136 mtime 12 | 148 checksum 8 | 156 type 1
 *     157 link name 100 | 257 "ustar" 0 "00" | 265 owner 32 | 297 group 32 | 329 device 16 | 345 prefix 155
 */
export const blockBytes = 512;

export type TarEntryType = "file" | "folder" | "pax" | "global-pax" | "other";

export interface TarHeader {
	name: string;
	sizeBytes: number;
	type: TarEntryType;
}

const typeLetters = {
	file: "0",
	folder: "5",
	pax: "x",
	"global-pax": "g",
	other: "7",
} as const satisfies Record<TarEntryType, string>;
/** Eleven octal digits. */
const largestUstarSize = 8 ** 11 - 1;
const nameBytes = 100;

/** One header, with a pax header in front where the size or the name doesn't fit in ustar's fields. */
export function encodeTarHeader({
	name,
	sizeBytes,
	type,
}: TarHeader): Uint8Array {
	const records: string[] = [];
	if (sizeBytes > largestUstarSize) records.push(paxRecord("size", sizeBytes));
	const isLong = Buffer.byteLength(name) > nameBytes;
	if (isLong) records.push(paxRecord("path", name));
	const header = encodeBlock({
		name: isLong ? "long-name" : name,
		sizeBytes: Math.min(sizeBytes, largestUstarSize),
		type,
	});
	if (records.length === 0) return header;
	const body = Buffer.from(records.join(""), "utf8");
	const pax = encodeBlock({
		name: "pax-header",
		sizeBytes: body.length,
		type: "pax",
	});
	return Buffer.concat([pax, body, paddingOf(body.length), header]);
}

/** What fills the last block of a content of so many bytes. */
export function paddingOf(sizeBytes: number): Uint8Array {
	return new Uint8Array((blockBytes - (sizeBytes % blockBytes)) % blockBytes);
}

function encodeBlock({ name, sizeBytes, type }: TarHeader): Buffer {
	const block = Buffer.alloc(blockBytes);
	block.write(name, 0, nameBytes, "utf8");
	block.write("0000644\0", 100, "latin1");
	block.write("0000000\0", 108, "latin1");
	block.write("0000000\0", 116, "latin1");
	block.write(`${sizeBytes.toString(8).padStart(11, "0")}\0`, 124, "latin1");
	// The same content makes the same archive: no time of day.
	block.write("00000000000\0", 136, "latin1");
	block.write(typeLetters[type], 156, "latin1");
	block.write("ustar\u000000", 257, "latin1");
	const sum = checksumOf(block);
	block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
	return block;
}

/** Null for a block of zeros, two of which end an archive. */
export function decodeTarHeader(block: Buffer): TarHeader | null {
	if (block.every((byte) => byte === 0)) return null;
	if (octal(block, 148, 8) !== checksumOf(block)) {
		throw new GalleyError(
			"model_unusable",
			"The file is no archive of Galley's, or it is damaged: a header's checksum is wrong.",
		);
	}
	const prefix = text(block, 345, 155);
	const name = text(block, 0, nameBytes);
	const letter = String.fromCharCode(block[156] ?? 0);
	const type = (Object.keys(typeLetters) as TarEntryType[]).find(
		(candidate) => typeLetters[candidate] === letter,
	);
	return {
		name: prefix === "" ? name : `${prefix}/${name}`,
		sizeBytes: sizeOf(block),
		type: letter === "\0" ? "file" : (type ?? "other"),
	};
}

/** `size` and `path` of a pax header's records, each `LENGTH KEY=VALUE\n`. */
export function parsePaxRecords(body: Buffer): Map<string, string> {
	const records = new Map<string, string>();
	for (let at = 0; at < body.length; ) {
		const space = body.indexOf(" ", at);
		const length = Number(body.toString("latin1", at, space));
		const record = body.toString("utf8", space + 1, at + length - 1);
		const equals = record.indexOf("=");
		if (
			space < 0 ||
			!Number.isSafeInteger(length) ||
			length <= 0 ||
			at + length > body.length ||
			equals < 1
		)
			throw damaged();
		records.set(record.slice(0, equals), record.slice(equals + 1));
		at += length;
	}
	return records;
}

/** The length counts itself. */
function paxRecord(key: string, value: string | number): string {
	const rest = ` ${key}=${value}\n`;
	const bytes = Buffer.byteLength(rest);
	let length = bytes + String(bytes).length;
	if (String(length).length > String(bytes).length)
		length = bytes + String(length).length;
	return `${length}${rest}`;
}

/** The sum of all bytes, those of the checksum itself taken as spaces. */
function checksumOf(block: Buffer): number {
	let sum = 0;
	for (let at = 0; at < blockBytes; at++)
		sum += at >= 148 && at < 156 ? 32 : (block[at] ?? 0);
	return sum;
}

/** GNU tar writes large sizes as binary, with the first bit set. */
function sizeOf(block: Buffer): number {
	if (((block[124] ?? 0) & 0x80) === 0) return octal(block, 124, 12);
	const size = block.readBigUInt64BE(128);
	if (size > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged();
	return Number(size);
}

function octal(block: Buffer, at: number, bytes: number): number {
	const digits = text(block, at, bytes).trim();
	if (!/^[0-7]+$/.test(digits)) throw damaged();
	return Number.parseInt(digits, 8);
}

function text(block: Buffer, at: number, bytes: number): string {
	const field = block.subarray(at, at + bytes);
	const end = field.indexOf(0);
	return field.toString("utf8", 0, end < 0 ? bytes : end);
}

function damaged(): GalleyError {
	return new GalleyError(
		"model_unusable",
		"The archive is damaged: a header can't be read. Copy it again.",
	);
}
