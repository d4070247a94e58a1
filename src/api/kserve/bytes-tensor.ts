import { isUtf8 } from "node:buffer";
import { GalleyError } from "../../core/errors.ts";

const lengthBytes = 4;

/** A BYTES tensor in its binary form: each element is its length in 4 little-endian bytes, then its bytes. */
export function readBytesTensor(raw: Buffer, place: string): string[] {
	const texts: string[] = [];
	for (let at = 0; at < raw.length; ) {
		const start = at + lengthBytes;
		const end =
			start <= raw.length ? start + raw.readUInt32LE(at) : raw.length + 1;
		if (end > raw.length) {
			const message = `'${place}': element ${texts.length} of the binary data reaches beyond its end. Each needs its length in 4 little-endian bytes before it.`;
			throw new GalleyError("invalid_request", message, { param: place });
		}
		texts.push(
			toText(raw.subarray(start, end), `${place}.data[${texts.length}]`),
		);
		at = end;
	}
	return texts;
}

export function toText(bytes: Buffer, place: string): string {
	if (isUtf8(bytes)) return bytes.toString("utf8");
	const message = `'${place}' is not valid UTF-8: encode it as UTF-8 and send it again.`;
	throw new GalleyError("invalid_request", message, { param: place });
}

/** A tensor must have as many elements as its shape says. */
export function checkShape(
	shape: readonly number[],
	count: number,
	place: string,
): void {
	const product = shape.reduce((size, length) => size * length, 1);
	if (shape.length > 0 && product === count) return;
	const message = `'${place}' has the shape [${shape.join(", ")}], but ${count} elements.`;
	throw new GalleyError("invalid_request", message, { param: place });
}
