/** What libllama says that it has allocated: `CPU_Mapped model buffer size = 135.42 MiB` and its like. */
export interface Buffers {
	/** Weights, each once. */
	weightBytes: number;
	/**
	 * Weights that were copied into an arrangement for this processor. Where the file is mapped they are there twice until the
	 * kernel takes back the mapped pages, which nobody reads again.
	 */
	repackedBytes: number;
	/** Keys and values, and the states of recurrent layers. */
	kvBytes: number;
	/** Scratch memory of one micro-batch. */
	computeBytes: number;
	/** Logits that the caller reads. */
	outputBytes: number;
}

const mebibyte = 1024 ** 2;

export function readBuffers(lines: Iterable<string>): Buffers {
	const buffers: Buffers = {
		weightBytes: 0,
		repackedBytes: 0,
		kvBytes: 0,
		computeBytes: 0,
		outputBytes: 0,
	};
	let isMapped = false;
	for (const line of lines) {
		const [, place = "", kind, size] =
			/(\S+)\s+(model|KV|RS|compute|output)\s+buffer size\s*=\s*([\d.]+) MiB/.exec(
				line,
			) ?? [];
		if (kind === undefined) continue;
		const bytes = Number(size) * mebibyte;
		if (place.endsWith("_Mapped")) isMapped = true;
		if (kind === "model" && place.endsWith("REPACK"))
			buffers.repackedBytes += bytes;
		else if (kind === "model") buffers.weightBytes += bytes;
		else if (kind === "compute") buffers.computeBytes += bytes;
		else if (kind === "output") buffers.outputBytes += bytes;
		else buffers.kvBytes += bytes;
	}
	if (!isMapped) buffers.weightBytes += buffers.repackedBytes;
	return buffers;
}
