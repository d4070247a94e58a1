import { typeOfFile } from "../extract/document.ts";
import type { UploadedFile } from "../ingest/ingest-runner.ts";
import { ApiError } from "./api-error.ts";

const mostFiles = 500;

/** The files of a multipart body. Those of a type that can't be read are named as failures by the job. */
export async function readUpload(
	body: Buffer,
	contentType: string,
): Promise<UploadedFile[]> {
	const form = await new Response(new Uint8Array(body), {
		headers: { "content-type": contentType },
	})
		.formData()
		.catch(() => {
			throw new ApiError(
				"invalid_request",
				"The multipart body can't be read: it is cut off or not in that form.",
			);
		});
	const files: UploadedFile[] = [];
	const taken = new Set<string>();
	for (const [field, value] of form) {
		if (typeof value === "string")
			throw new ApiError(
				"invalid_request",
				`${field}: only files go into a multipart body.`,
				field,
			);
		if (files.length === mostFiles)
			throw new ApiError(
				"invalid_request",
				`At most ${mostFiles} files at a time.`,
			);
		const name = freeName(cleanName(value.name), taken);
		taken.add(name);
		files.push({
			source: `upload:${name}`,
			contentType: typeOfFile(name) ?? "application/octet-stream",
			body: Buffer.from(await value.arrayBuffer()),
		});
	}
	if (files.length === 0)
		throw new ApiError("invalid_request", "There is no file in it.", "files");
	return files;
}

export function noteOf(title: string, text: string): UploadedFile {
	const hasHeading = /^\s*#{1,6}\s/.test(text);
	return {
		source: `note:${cleanName(title)}`,
		contentType: "text/markdown",
		body: Buffer.from(hasHeading ? text : `# ${title}\n\n${text}`),
	};
}

function cleanName(name: string): string {
	const last = name.split(/[/\\]/).at(-1) ?? "";
	const clean = last
		.toWellFormed()
		.replace(/\p{Cc}+/gu, " ")
		.trim();
	return clean === "" ? "unnamed" : clean.slice(-200);
}

function freeName(name: string, taken: ReadonlySet<string>): string {
	if (!taken.has(name)) return name;
	for (let number = 2; ; number++) {
		const other = name.replace(/(\.[^.]*)?$/, ` (${number})$1`);
		if (!taken.has(other)) return other;
	}
}
