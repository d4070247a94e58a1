import { digestFile } from "../download/file-digest.ts";
import { sizeOfFile } from "./blob-store.ts";
import type {
	CachedFile,
	VerifyProblem,
	VerifyProgress,
	VerifyResult,
} from "./cached-model.ts";

/** Reads files whole and compares them with what they should be. */
export async function verifyFiles(
	files: readonly CachedFile[],
	onProgress?: (progress: VerifyProgress) => void,
	signal?: AbortSignal,
): Promise<VerifyResult> {
	const totalBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
	const problems: VerifyProblem[] = [];
	let checkedBytes = 0;
	let checkedFiles = 0;
	for (const { name, path, sizeBytes, sha256 } of files) {
		signal?.throwIfAborted();
		const actualBytes = await sizeOfFile(path);
		if (actualBytes === null) {
			problems.push({ name, problem: "missing", found: "no file" });
		} else if (actualBytes !== sizeBytes) {
			problems.push({
				name,
				problem: "wrong-size",
				found: `${actualBytes} bytes instead of ${sizeBytes}`,
			});
		} else if (sha256 !== "") {
			const digests = await digestFile(path, {
				signal,
				onBytes: (bytes) =>
					onProgress?.({
						file: name,
						checkedBytes: checkedBytes + bytes,
						totalBytes,
					}),
			});
			checkedFiles++;
			if (digests.sha256 !== sha256)
				problems.push({
					name,
					problem: "wrong-digest",
					found: `sha256 ${digests.sha256} instead of ${sha256}`,
				});
		}
		checkedBytes += sizeBytes;
	}
	return {
		isIntact: problems.length === 0,
		problems,
		checkedFiles,
		checkedBytes,
	};
}
