import type { NamedModel } from "./find-model.ts";

const headersEnd = Buffer.from("\r\n\r\n");
/** Headers of a part are short; what is longer is no part. */
const mostHeaderBytes = 4096;
const mostNameBytes = 1000;

/**
 * The field `model` of a form (`multipart/form-data`), as audio comes. Parts are found by their boundary alone: a file of
 * megabytes between them is skipped over, not read. Null where there is none.
 */
export function findFormModel(
	body: Buffer,
	contentType: string,
): NamedModel | null {
	const boundary = boundaryOf(contentType);
	if (boundary === null) return null;
	const delimiter = Buffer.from(`--${boundary}`);
	const close = Buffer.from(`\r\n--${boundary}`);
	let found: NamedModel | null = null;
	let at = body.indexOf(delimiter);
	while (at !== -1) {
		const start = at + delimiter.length;
		const end = body.indexOf(headersEnd, start);
		if (end === -1 || end - start > mostHeaderBytes) return found;
		const content = end + headersEnd.length;
		const next = body.indexOf(close, content);
		if (next === -1) return found;
		const headers = body.toString("latin1", start, end);
		const isModel =
			/^content-disposition:[^\r\n]*;\s*name="?model"?\s*(?:;|$)/im;
		if (isModel.test(headers) && next - content <= mostNameBytes)
			found = {
				name: body.toString("utf8", content, next),
				start: content,
				end: next,
				form: "text",
			};
		at = next + 2;
	}
	return found;
}

function boundaryOf(contentType: string): string | null {
	const match = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(
		contentType,
	);
	return match?.[1] ?? match?.[2] ?? null;
}
