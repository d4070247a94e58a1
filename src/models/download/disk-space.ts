import { statfs } from "node:fs/promises";
import { GalleyError } from "../../core/errors.ts";
import { formatBytes } from "../byte-format.ts";

/** Bytes that this user may still write below a folder; null where the system doesn't tell. */
export type FreeSpace = (directory: string) => Promise<number | null>;

export const diskFreeSpace: FreeSpace = async (directory) => {
	try {
		const { bavail, bsize } = await statfs(directory);
		return bavail * bsize;
	} catch (error) {
		// Some network and user-space file systems can't say; writing will show.
		const { code } = error as NodeJS.ErrnoException;
		if (code === "ENOSYS" || code === "ENOTSUP") return null;
		throw error;
	}
};

/** Left for everybody else, and for what the file system needs itself. */
const reserveBytes = 64 * 1024 * 1024;

export async function checkDiskSpace(
	directory: string,
	neededBytes: number,
	what: string,
	freeSpace: FreeSpace = diskFreeSpace,
): Promise<void> {
	if (neededBytes <= 0) return;
	const freeBytes = await freeSpace(directory);
	if (freeBytes === null || freeBytes >= neededBytes + reserveBytes) return;
	throw notEnough(directory, neededBytes, freeBytes, what);
}

function notEnough(
	directory: string,
	neededBytes: number,
	freeBytes: number,
	what: string,
): GalleyError {
	return new GalleyError(
		"insufficient_storage",
		`There is not enough space for ${what}: it needs ${formatBytes(neededBytes)} more (and ${formatBytes(reserveBytes)} are left free), ` +
			`"${directory}" has ${formatBytes(freeBytes)}; ${formatBytes(neededBytes + reserveBytes - freeBytes)} are missing. ` +
			"Remove models (galley list, galley rm), or choose another folder with --cache-dir.",
	);
}

/** What a failed write means, in the terms of whoever has to make room. */
export function explainWriteError(error: unknown, path: string): unknown {
	const { code } = error as NodeJS.ErrnoException;
	if (code !== "ENOSPC" && code !== "EDQUOT" && code !== "EROFS") return error;
	const reason =
		code === "EROFS"
			? "the file system is read-only"
			: code === "EDQUOT"
				? "your quota is used up"
				: "the disk is full";
	return new GalleyError(
		"insufficient_storage",
		`"${path}" can't be written: ${reason}. Make room or choose another folder with --cache-dir; the download goes on from where it is.`,
		{ cause: error },
	);
}
