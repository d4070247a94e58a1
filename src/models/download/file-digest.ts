import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

/** What a file has to be. git names a blob by the sha1 over `blob <size>\0` and its bytes. */
export interface ExpectedDigest {
	algorithm: "sha256" | "git-blob";
	hex: string;
}

export interface FileDigests {
	sha256: string;
	gitBlob: string;
	sizeBytes: number;
}

interface DigestOptions {
	/** The file's size, when git's digest is wanted too: it stands before the content. */
	gitSizeBytes?: number | null;
	onBytes?: (readBytes: number) => void;
	signal?: AbortSignal | undefined;
}

/** Reads the whole file once. `gitBlob` is "" unless its size was given. */
export async function digestFile(
	path: string,
	{ gitSizeBytes = null, onBytes, signal }: DigestOptions = {},
): Promise<FileDigests> {
	const sha256 = createHash("sha256");
	const git = gitSizeBytes === null ? null : createHash("sha1");
	git?.update(`blob ${gitSizeBytes}\0`);
	let sizeBytes = 0;
	const stream = createReadStream(path, {
		highWaterMark: 1024 * 1024,
		...(signal === undefined ? {} : { signal }),
	});
	try {
		for await (const piece of stream as AsyncIterable<Buffer>) {
			sha256.update(piece);
			git?.update(piece);
			sizeBytes += piece.length;
			onBytes?.(sizeBytes);
		}
	} catch (error) {
		signal?.throwIfAborted();
		throw error;
	}
	return {
		sha256: sha256.digest("hex"),
		gitBlob: git?.digest("hex") ?? "",
		sizeBytes,
	};
}

export function hasDigest(
	digests: FileDigests,
	expected: ExpectedDigest | null,
): boolean {
	if (expected === null) return true;
	return expected.algorithm === "sha256"
		? digests.sha256 === expected.hex
		: digests.gitBlob === expected.hex;
}
