import {
	closeSync,
	mkdirSync,
	openSync,
	readdirSync,
	readFileSync,
	writeSync,
} from "node:fs";
import { join, relative, sep } from "node:path";

const block = 512;
const fileKind = "0";
const folderKind = "5";

/** A folder as a tar (POSIX ustar); paths are at most 100 bytes, which those of PostgreSQL are. */
export function packTar(directory: string): Uint8Array {
	const parts: Uint8Array[] = [];
	const entries = readdirSync(directory, {
		recursive: true,
		withFileTypes: true,
	}).map((entry) => ({
		path: join(entry.parentPath, entry.name),
		isFile: entry.isFile(),
	}));
	// Folders come before what is in them; the same folder gives the same bytes.
	for (const { path, isFile } of entries.toSorted((a, b) =>
		a.path < b.path ? -1 : 1,
	)) {
		const content = isFile ? readFileSync(path) : Buffer.alloc(0);
		const name = relative(directory, path).split(sep).join("/");
		parts.push(
			headerOf(name, isFile ? fileKind : folderKind, content.length),
			content,
			Buffer.alloc(paddedSize(content.length) - content.length),
		);
	}
	return Buffer.concat([...parts, Buffer.alloc(2 * block)]);
}

/**
 * Writes what `packTar` packed below `directory`, for this user alone, as PostgreSQL asks. In Node: inside of PGlite's
 * WebAssembly it takes longer than to open the database. Returns the paths of files and folders.
 */
export function unpackTar(tar: Uint8Array, directory: string): string[] {
	const archive = Buffer.from(tar.buffer, tar.byteOffset, tar.byteLength);
	mkdirSync(directory, { recursive: true, mode: 0o700 });
	const paths = [directory];
	let at = 0;
	while (at + block <= archive.length && archive[at] !== 0) {
		const header = archive.subarray(at, at + block);
		const size = Number.parseInt(textOf(header, 124, 12), 8);
		const parts = textOf(header, 0, 100).split("/");
		at += block;
		const content = archive.subarray(at, at + size);
		if (content.length !== size || parts.includes(".."))
			throw new Error("The archive is damaged.");
		const path = join(directory, ...parts);
		if (textOf(header, 156, 1) === folderKind) mkdirSync(path, { mode: 0o700 });
		else writeNew(path, content);
		paths.push(path);
		at += paddedSize(size);
	}
	return paths;
}

function writeNew(path: string, content: Uint8Array) {
	const file = openSync(path, "wx", 0o600);
	try {
		let written = 0;
		while (written < content.length)
			written += writeSync(file, content, written);
	} finally {
		closeSync(file);
	}
}

/** https://www.gnu.org/software/tar/manual/html_node/Standard.html */
function headerOf(name: string, kind: string, size: number): Buffer {
	if (Buffer.byteLength(name) > 100)
		throw new Error(`${name} is too long for the archive.`);
	const header = Buffer.alloc(block);
	const octal = (value: number, digits: number) =>
		`${value.toString(8).padStart(digits, "0")}\0`;
	header.write(name, 0);
	header.write(octal(kind === folderKind ? 0o700 : 0o600, 7), 100);
	header.write(octal(0, 7), 108);
	header.write(octal(0, 7), 116);
	header.write(octal(size, 11), 124);
	header.write(octal(0, 11), 136);
	// The sum is made as if its own place held spaces.
	header.write(" ".repeat(8), 148);
	header.write(kind, 156);
	header.write("ustar\x0000", 257);
	let sum = 0;
	for (const byte of header) sum += byte;
	header.write(`${octal(sum, 6)} `, 148);
	return header;
}

function paddedSize(size: number): number {
	return Math.ceil(size / block) * block;
}

function textOf(header: Buffer, start: number, length: number): string {
	const text = header.toString("utf8", start, start + length);
	const end = text.indexOf("\0");
	return end < 0 ? text : text.slice(0, end);
}
