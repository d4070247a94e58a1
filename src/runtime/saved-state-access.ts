import { randomBytes } from "node:crypto";
import {
	chmodSync,
	constants,
	lstatSync,
	mkdirSync,
	openSync,
	rmdirSync,
	rmSync,
	type Stats,
} from "node:fs";
import { join } from "node:path";

/**
 * Files in a directory that other processes write and clean at the same time: what is gone is gone, what is not ours to
 * change stays, and a folder that other users can write is not read.
 */

export const temporaryFilePattern = /^\.[0-9a-f]+\.temporary$/;

/** Undefined on Windows. */
const noFollow = constants.O_NOFOLLOW ?? 0;

/** Ours alone: also when a volume's mount has opened it to a group in the meantime. A read-only one stays so. */
export function makePrivateFolder(folder: string): void {
	mkdirSync(folder, { recursive: true, mode: 0o700 });
	const stats = lstatSync(folder);
	if (stats.isDirectory() && (stats.mode & 0o077) !== 0 && isOwn(stats))
		chmodSync(folder, stats.mode & 0o700);
}

/** A saved state goes into the engine's memory as it is: nobody but this user (or root, in an image) may have made it. */
export function assertTrusted(folder: string, stats: Stats): void {
	if (!stats.isDirectory()) throw new Error(`${folder} is not a directory`);
	// Windows has no such modes.
	if (process.geteuid === undefined) return;
	if (!hasTrustedOwner(stats))
		throw new Error(`${folder} belongs to another user`);
	if ((stats.mode & 0o022) !== 0)
		throw new Error(`${folder} can be written by other users`);
}

export function hasTrustedOwner(stats: Stats): boolean {
	return isOwn(stats) || stats.uid === 0;
}

export function createTemporary(folder: string): {
	file: number;
	path: string;
} {
	const path = join(folder, `.${randomBytes(12).toString("hex")}.temporary`);
	const { O_CREAT, O_EXCL, O_WRONLY } = constants;
	return { file: openSync(path, O_CREAT | O_EXCL | O_WRONLY, 0o600), path };
}

/** Null when it is gone, a link or not ours to read. */
export function openToRead(path: string): number | null {
	return ifThere(() => openSync(path, constants.O_RDONLY | noFollow));
}

/** Null when it is gone, turned into something else, or not ours to see. */
export function ifThere<Result>(call: () => Result): Result | null {
	try {
		return call();
	} catch (thrown) {
		const expected = ["ENOENT", "ENOTDIR", "ELOOP", "EACCES", "EPERM"];
		if (isSystemError(thrown, expected)) return null;
		throw thrown;
	}
}

/** False when it stays, in a read-only directory or among another user's files. */
export function tryRemove(path: string): boolean {
	return ifWritable(() => rmSync(path, { force: true }));
}

/** False when the directory is read-only for us. */
export function ifWritable(call: () => unknown): boolean {
	try {
		call();
		return true;
	} catch (thrown) {
		if (isSystemError(thrown, ["EROFS", "EACCES", "EPERM"])) return false;
		throw thrown;
	}
}

export function removeEmptyFolder(folder: string): void {
	try {
		rmdirSync(folder);
	} catch (thrown) {
		// Not empty after all: another process may be putting a file there at this moment.
		const expected = ["ENOTEMPTY", "EEXIST", "ENOENT", "EACCES", "EPERM"];
		if (!isSystemError(thrown, expected)) throw thrown;
	}
}

function isOwn(stats: Stats): boolean {
	return stats.uid === (process.geteuid?.() ?? stats.uid);
}

function isSystemError(thrown: unknown, codes: readonly string[]): boolean {
	return (
		thrown instanceof Error &&
		"code" in thrown &&
		codes.includes(String(thrown.code))
	);
}
