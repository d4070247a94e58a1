import { titleFor } from "../logic/session-content.ts";
import {
	mostFileBytes,
	type OpenedFile,
	type PlaygroundSession,
	readSessionFile,
	toSessionFile,
} from "../logic/session-file.ts";

export function downloadSession(session: PlaygroundSession): void {
	const title = session.title || titleFor(session);
	const url = URL.createObjectURL(
		new Blob([toSessionFile({ ...session, title })], {
			type: "application/json",
		}),
	);
	const link = document.createElement("a");
	link.href = url;
	link.download = `${fileName(title)}.galley.json`;
	link.click();
	setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

function fileName(title: string): string {
	const name = title
		.toLowerCase()
		.replace(/[^\p{L}\p{N}]+/gu, "-")
		.replace(/^-+|-+$/g, "")
		.slice(0, 40);
	return name === "" ? "playground" : name;
}

export async function openSessionFile(
	file: File,
): Promise<OpenedFile | string> {
	if (file.size > mostFileBytes)
		return "This file is larger than 32 MiB: no session is.";
	try {
		return readSessionFile(await file.text());
	} catch {
		// Gone or unreadable since it was chosen.
		return "This file could not be read.";
	}
}
