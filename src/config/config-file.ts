import { createRequire } from "node:module";
import { nearestName } from "../core/nearest-name.ts";
import { toKebabCase } from "./option.ts";

interface FileEntry {
	value: unknown;
	line: number;
}

export interface ParsedConfigFile {
	entries: ReadonlyMap<string, FileEntry>;
	/** Whole sentences with the file's path and the line. */
	problems: readonly string[];
}

/** Reads `key: value` lines of YAML; `names` are the options' names in code. A key without a value counts as absent. */
export function parseConfigFile(
	path: string,
	text: string,
	names: readonly string[],
): ParsedConfigFile {
	// Most services have no file, and loading the parser takes a third of the time until the engine process starts.
	const yaml = createRequire(import.meta.url)("yaml") as typeof import("yaml");
	const { isMap, isScalar, LineCounter, parseDocument } = yaml;
	const lineCounter = new LineCounter();
	const document = parseDocument(text, { lineCounter, prettyErrors: false });
	const at = (offset: number) => `${path}:${lineCounter.linePos(offset).line}`;
	const problems = document.errors.map(
		(error) => `${at(error.pos[0])}: ${sentence(error.message)}`,
	);
	const entries = new Map<string, FileEntry>();
	const root = document.contents;
	if (
		problems.length > 0 ||
		root === null ||
		(isScalar(root) && root.value === null)
	)
		return { entries, problems };
	if (!isMap(root))
		return { entries, problems: [`${path}: must hold "key: value" lines.`] };

	const nameOfKey = new Map(names.map((name) => [toKebabCase(name), name]));
	for (const { key, value } of root.items) {
		const written = isScalar(key) ? String(key.value) : String(key);
		const offset = isScalar(key) ? (key.range?.[0] ?? 0) : 0;
		const name = nameOfKey.get(written);
		if (name === undefined) {
			problems.push(`${at(offset)}: ${unknownKey(written, nameOfKey.keys())}`);
			continue;
		}
		const plain: unknown = document.createNode(value).toJS(document);
		if (plain !== null)
			entries.set(name, {
				value: plain,
				line: lineCounter.linePos(offset).line,
			});
	}
	return { entries, problems };
}

function unknownKey(written: string, known: Iterable<string>): string {
	const nearest = nearestName(written, known);
	const advice =
		nearest === null
			? '"galley run --help" lists the options.'
			: `did you mean "${nearest}"?`;
	return `unknown key "${written}"; ${advice}`;
}

function sentence(message: string): string {
	return message.endsWith(".") ? message : `${message}.`;
}
