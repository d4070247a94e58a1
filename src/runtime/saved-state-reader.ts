import { closeSync, fstatSync, readSync } from "node:fs";
import { crc32 } from "node:zlib";
import { hasTrustedOwner, openToRead } from "./saved-state-access.ts";
import {
	decodeHeader,
	decodePreamble,
	preambleBytes,
	type StateHeader,
} from "./saved-state-file.ts";

const chunkBytes = 8 * 1024 * 1024;

/** Null when the file is gone, damaged or of another fingerprint. */
export function readStateHeader(
	path: string,
	fingerprint: string,
): StateHeader | null {
	return withFile(path, (file) => headerOf(file, fingerprint));
}

/** The bytes that were saved, checked; null when the file is gone, damaged or of another fingerprint. */
export function readState(
	path: string,
	fingerprint: string,
): Uint8Array | null {
	return withFile(path, (file) => {
		const header = headerOf(file, fingerprint);
		return header === null ? null : bodyOf(file, header);
	});
}

function withFile<Result>(
	path: string,
	use: (file: number) => Result | null,
): Result | null {
	const file = openToRead(path);
	if (file === null) return null;
	try {
		return use(file);
	} finally {
		closeSync(file);
	}
}

function headerOf(file: number, fingerprint: string): StateHeader | null {
	const stats = fstatSync(file);
	const preamble = Buffer.alloc(preambleBytes);
	// While a folder was open to others, they could have put files there.
	if (!stats.isFile() || !hasTrustedOwner(stats)) return null;
	if (!readFully(file, preamble, 0)) return null;
	const headerBytes = decodePreamble(preamble, fingerprint, stats.size);
	if (headerBytes === null) return null;
	const header = Buffer.alloc(headerBytes);
	return readFully(file, header, 0) ? decodeHeader(header) : null;
}

function bodyOf(file: number, header: StateHeader): Uint8Array | null {
	const state = new Uint8Array(header.stateBytes);
	let checksum = 0;
	// In pieces, so that the checksum finds each one still in the processor's cache.
	for (let from = 0; from < state.length; from += chunkBytes) {
		const chunk = state.subarray(from, from + chunkBytes);
		if (!readFully(file, chunk, header.headerBytes + from)) return null;
		checksum = crc32(chunk, checksum);
	}
	return checksum === header.stateChecksum ? state : null;
}

function readFully(file: number, target: Uint8Array, from: number): boolean {
	let done = 0;
	while (done < target.length) {
		const left = target.length - done;
		const count = readSync(file, target, done, left, from + done);
		if (count === 0) return false;
		done += count;
	}
	return true;
}
