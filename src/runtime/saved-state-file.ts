import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

/**
 * The file of one saved state. All numbers are little-endian.
 *
 *     0   8  magic "GALLEYKV"
 *     8   4  format version
 *     12  4  bytes of the header: everything before the state
 *     16  32 SHA-256 of the fingerprint
 *     48  4  bytes of the namespace
 *     52  4  tokens
 *     56  8  bytes of the state
 *     64  4  CRC-32 of the state
 *     68  4  CRC-32 of the header without this field
 *     72  .. namespace (UTF-16), zeros up to a multiple of 4, tokens (int32)
 *     .. ..  the state
 *
 * The checksums find damage, not malice: a folder that others may write is refused before a file in it is opened.
 * CRC-32 because it costs least: 100 MB took 23 ms on one core; SHA-1 60 ms, BLAKE2b 116 ms, MD5 150 ms.
 */

export interface StateKey {
	namespace: string;
	tokens: Int32Array;
}

export interface StateHeader extends StateKey {
	headerBytes: number;
	stateBytes: number;
	stateChecksum: number;
}

const magic = "GALLEYKV";
const formatVersion = 1;
export const preambleBytes = 72;
const checksumOffset = 68;

/** Names the folder of all states that one model, engine release and cache type may restore. */
export function fingerprintFolder(fingerprint: string): string {
	return digestOf(fingerprint).toString("hex").slice(0, 32);
}

export const fingerprintFolderPattern = /^[0-9a-f]{32}$/;

/** One name for one prefix, which tells nothing of it; two processes that save the same prefix share the file. */
export function stateFileName({ namespace, tokens }: StateKey): string {
	const encoded = encodeNamespace(namespace);
	const length = Buffer.alloc(4);
	length.writeUInt32LE(encoded.length);
	const hash = createHash("sha256");
	hash.update(length).update(encoded).update(bytesOf(tokens));
	return `${hash.digest("hex").slice(0, 40)}.state`;
}

export const stateFilePattern = /^[0-9a-f]{40}\.state$/;

export function headerLength({ namespace, tokens }: StateKey): number {
	return tokensOffset(namespace.length * 2) + tokens.byteLength;
}

export function encodeHeader(
	fingerprint: string,
	key: StateKey,
	stateBytes: number,
	stateChecksum: number,
): Uint8Array {
	const namespace = encodeNamespace(key.namespace);
	const header = Buffer.alloc(headerLength(key));
	header.write(magic, 0, "latin1");
	header.writeUInt32LE(formatVersion, 8);
	header.writeUInt32LE(header.length, 12);
	digestOf(fingerprint).copy(header, 16);
	header.writeUInt32LE(namespace.length, 48);
	header.writeUInt32LE(key.tokens.length, 52);
	header.writeBigUInt64LE(BigInt(stateBytes), 56);
	header.writeUInt32LE(stateChecksum, 64);
	namespace.copy(header, preambleBytes);
	header.set(bytesOf(key.tokens), tokensOffset(namespace.length));
	header.writeUInt32LE(headerChecksum(header), checksumOffset);
	return header;
}

/**
 * The header's length as the first 72 bytes tell it, or null when they are not the beginning of a file of `fileBytes`
 * with this fingerprint. Reads nothing that could make a caller allocate more than the file has.
 */
export function decodePreamble(
	preamble: Buffer,
	fingerprint: string,
	fileBytes: number,
): number | null {
	if (preamble.length < preambleBytes) return null;
	const headerBytes = preamble.readUInt32LE(12);
	const namespaceBytes = preamble.readUInt32LE(48);
	const isOurs =
		preamble.toString("latin1", 0, 8) === magic &&
		preamble.readUInt32LE(8) === formatVersion &&
		preamble.subarray(16, 48).equals(digestOf(fingerprint)) &&
		headerBytes ===
			tokensOffset(namespaceBytes) + 4 * preamble.readUInt32LE(52) &&
		BigInt(headerBytes) + preamble.readBigUInt64LE(56) === BigInt(fileBytes);
	return isOurs ? headerBytes : null;
}

/** `header` has the length that `decodePreamble` gave. Null when it is damaged. */
export function decodeHeader(header: Buffer): StateHeader | null {
	if (headerChecksum(header) !== header.readUInt32LE(checksumOffset))
		return null;
	const namespaceBytes = header.readUInt32LE(48);
	const tokens = new Int32Array(header.readUInt32LE(52));
	bytesOf(tokens).set(header.subarray(tokensOffset(namespaceBytes)));
	return {
		headerBytes: header.length,
		namespace: header.toString(
			"utf16le",
			preambleBytes,
			preambleBytes + namespaceBytes,
		),
		tokens,
		stateBytes: Number(header.readBigUInt64LE(56)),
		stateChecksum: header.readUInt32LE(64),
	};
}

function headerChecksum(header: Buffer): number {
	const before = crc32(header.subarray(0, checksumOffset));
	return crc32(header.subarray(preambleBytes), before);
}

/** UTF-16, because UTF-8 would make one namespace of two that differ in a lone surrogate: clients may choose salts. */
function encodeNamespace(namespace: string): Buffer {
	return Buffer.from(namespace, "utf16le");
}

function tokensOffset(namespaceBytes: number): number {
	return preambleBytes + Math.ceil(namespaceBytes / 4) * 4;
}

function digestOf(fingerprint: string): Buffer {
	return createHash("sha256")
		.update(`${magic} ${formatVersion} `)
		.update(fingerprint)
		.digest();
}

function bytesOf(tokens: Int32Array): Uint8Array {
	return new Uint8Array(tokens.buffer, tokens.byteOffset, tokens.byteLength);
}
