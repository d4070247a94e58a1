import type { IncomingMessage } from "node:http";
import { GalleyError } from "../../core/errors.ts";

/** The whole body of a request, at most `maxBytes`; null where it has none. Throws `payload_too_large`. */
export async function readBody(
	request: IncomingMessage,
	maxBytes: number,
): Promise<Buffer | null> {
	const tooLarge = () =>
		new GalleyError(
			"payload_too_large",
			`The request body is larger than this gateway's limit of ${maxBytes} bytes.`,
		);
	if (Number(request.headers["content-length"] ?? 0) > maxBytes)
		throw tooLarge();
	const pieces: Buffer[] = [];
	let bytes = 0;
	for await (const piece of request) {
		bytes += (piece as Buffer).length;
		if (bytes > maxBytes) throw tooLarge();
		pieces.push(piece as Buffer);
	}
	return bytes === 0 ? null : Buffer.concat(pieces, bytes);
}
