import { GalleyError } from "../../core/errors.ts";
import { blockBytes, encodeTarHeader, paddingOf } from "./tar-header.ts";

export interface TarSource {
	name: string;
	sizeBytes: number;
	content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** The bytes of an archive, piece by piece: nothing of it is ever in memory as a whole. */
export async function* writeTar(
	entries: Iterable<TarSource>,
): AsyncGenerator<Uint8Array> {
	for (const { name, sizeBytes, content } of entries) {
		yield encodeTarHeader({ name, sizeBytes, type: "file" });
		let written = 0;
		for await (const bytes of content) {
			written += bytes.length;
			// A longer content would be read as the next header.
			if (written > sizeBytes) break;
			yield bytes;
		}
		if (written !== sizeBytes) {
			throw new GalleyError(
				"model_unusable",
				`"${name}" is not as long as its ${sizeBytes} bytes; it changed while it was read.`,
			);
		}
		yield paddingOf(sizeBytes);
	}
	yield new Uint8Array(2 * blockBytes);
}
