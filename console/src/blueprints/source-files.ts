import type { BlueprintFile } from "../api/access-types.ts";

interface FileGroup {
	/** `src/api`; the application's name for its own folder. */
	folder: string;
	files: readonly (BlueprintFile & { shortName: string })[];
}

/** Files by their folders: those of the application's own folder first, then in the order of names. */
export function groupFiles(
	files: readonly BlueprintFile[],
	own: string,
): FileGroup[] {
	const groups = new Map<string, (BlueprintFile & { shortName: string })[]>();
	for (const file of files) {
		const end = file.path.lastIndexOf("/");
		const folder = end < 0 ? own : file.path.slice(0, end);
		const group = groups.get(folder) ?? [];
		group.push({ ...file, shortName: file.path.slice(end + 1) });
		groups.set(folder, group);
	}
	return [...groups]
		.map(([folder, found]) => ({ folder, files: found }))
		.sort((one, other) =>
			one.folder === own
				? -1
				: other.folder === own
					? 1
					: one.folder.localeCompare(other.folder),
		);
}

const languages: Readonly<Record<string, string>> = {
	ts: "javascript",
	js: "javascript",
	mjs: "javascript",
	json: "json",
	yaml: "yaml",
};

/** What the code block colours; prose and what it doesn't know stay plain. */
export function languageOf(path: string): string {
	return languages[path.slice(path.lastIndexOf(".") + 1)] ?? "text";
}
