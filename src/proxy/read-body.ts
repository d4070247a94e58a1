import type { IncomingMessage } from "node:http";
import { GalleyError } from "../core/errors.ts";

/**
 * The whole body of a request, at most `maxBytes`; null where it has none. Throws `payload_too_large`, and `client_closed` when
 * the client leaves before its end.
 */
export function readBody(
	request: IncomingMessage,
	maxBytes: number,
): Promise<Buffer | null> {
	return new Promise((resolve, reject) => {
		const announced = Number(request.headers["content-length"] ?? 0);
		if (announced > maxBytes) {
			reject(tooLarge(maxBytes));
			return;
		}
		const pieces: Buffer[] = [];
		let bytes = 0;
		// Listeners stay until the request goes: to take them off would cost each request more than a look at this.
		let isSettled = false;
		const take = (piece: Buffer) => {
			if (isSettled) return;
			bytes += piece.length;
			if (bytes > maxBytes) {
				isSettled = true;
				pieces.length = 0;
				request.pause();
				reject(tooLarge(maxBytes));
			} else pieces.push(piece);
		};
		const finish = () => {
			if (isSettled) return;
			isSettled = true;
			const [only] = pieces;
			if (only === undefined) resolve(null);
			else resolve(pieces.length === 1 ? only : Buffer.concat(pieces, bytes));
		};
		// An error may follow the close, and has been told by then.
		const leave = () => {
			if (isSettled) return;
			isSettled = true;
			reject(
				new GalleyError("client_closed", "The client closed the connection."),
			);
		};
		request.on("data", take);
		request.on("end", finish);
		request.on("close", leave);
		request.on("error", leave);
	});
}

function tooLarge(maxBytes: number): GalleyError {
	return new GalleyError(
		"payload_too_large",
		`The request body is larger than this gateway's limit of ${maxBytes} bytes.`,
	);
}
