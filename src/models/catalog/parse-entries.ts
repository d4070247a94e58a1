import {
	type Document,
	isMap,
	isNode,
	isScalar,
	isSeq,
	LineCounter,
	parseAllDocuments,
} from "yaml";
import type { z } from "zod";
import { nearestName } from "../../core/nearest-name.ts";
import { type CatalogEntry, catalogEntrySchema } from "./catalog-entry.ts";

export interface CatalogProblem {
	/** The file or the address. */
	source: string;
	/** Null where the whole is meant. */
	line: number | null;
	message: string;
}

export interface ParsedEntries {
	entries: CatalogEntry[];
	problems: CatalogProblem[];
}

/** Anchors of a file may be used so often; a file that repeats itself without end is refused. */
const mostAliases = 100;

/**
 * Reads a stream of YAML documents, an entry each. All that is wrong is reported at once, with lines; entries beside a
 * wrong one are kept.
 */
export function parseEntries(source: string, text: string): ParsedEntries {
	const lines = new LineCounter();
	const documents = parseAllDocuments(text, {
		lineCounter: lines,
		prettyErrors: false,
	});
	const parsed: ParsedEntries = { entries: [], problems: [] };
	for (const document of documents) {
		if (isEmpty(document)) continue;
		parseOne(document, (offset, message) =>
			parsed.problems.push({
				source,
				line: offset === null ? null : lines.linePos(offset).line,
				message,
			}),
		)?.forEach((entry) => {
			parsed.entries.push(entry);
		});
	}
	if (parsed.entries.length === 0 && parsed.problems.length === 0)
		parsed.problems.push({
			source,
			line: null,
			message: "The file holds no entry of a catalog.",
		});
	return parsed;
}

/** `catalog/a.yaml:12: parameters: must be ...` */
export function formatProblem({
	source,
	line,
	message,
}: CatalogProblem): string {
	return `${source}${line === null ? "" : `:${line}`}: ${message}`;
}

type Report = (offset: number | null, message: string) => void;

function parseOne(document: Document, report: Report): CatalogEntry[] {
	if (document.errors.length > 0) {
		for (const { pos, message } of document.errors)
			report(pos[0], sentence(message.split("\n", 1)[0] ?? message));
		return [];
	}
	let plain: unknown;
	try {
		plain = document.toJS({ maxAliasCount: mostAliases });
	} catch (error) {
		if (!(error instanceof ReferenceError)) throw error;
		report(0, "The file repeats parts of itself too often (YAML aliases).");
		return [];
	}
	const result = catalogEntrySchema.safeParse(plain);
	if (result.success) return [result.data];
	for (const issue of result.error.issues.flatMap(deepest)) {
		for (const { path, message } of describe(issue, plain))
			report(
				offsetOf(document, path),
				path.length === 0
					? sentence(message)
					: `${formatPath(path)}: ${sentence(message)}`,
			);
	}
	return [];
}

function isEmpty({ contents, errors }: Document): boolean {
	return (
		errors.length === 0 &&
		(contents === null || (isScalar(contents) && contents.value === null))
	);
}

type Issue = z.core.$ZodIssue;

/** Of a choice between forms, what is wrong with the one that was nearest: the one whose fault lies deepest. */
function deepest(issue: Issue): Issue[] {
	if (issue.code !== "invalid_union") return [issue];
	const inner = issue.errors
		.map((branch) =>
			branch.filter(
				({ path, code }) => path.length > 0 || code === "unrecognized_keys",
			),
		)
		.find((branch) => branch.length > 0);
	if (inner === undefined) return [issue];
	return inner.flatMap((one) =>
		deepest({ ...one, path: [...issue.path, ...one.path] }),
	);
}

function describe(
	issue: Issue,
	plain: unknown,
): { path: readonly PropertyKey[]; message: string }[] {
	if (issue.code === "unrecognized_keys") {
		const known = knownKeys(issue.path);
		return issue.keys.map((key) => {
			const meant = nearestName(key, known);
			return {
				path: [...issue.path, key],
				message:
					meant === null
						? `is not known; known here: ${known.join(", ")}`
						: `is not known; did you mean "${meant}"?`,
			};
		});
	}
	if (issue.path.length > 0 && valueAt(plain, issue.path) === undefined)
		return [{ path: issue.path, message: "is missing" }];
	if (issue.path.length === 0 && (plain === null || typeof plain !== "object"))
		return [{ path: [], message: 'must hold "key: value" lines' }];
	return [
		{ path: issue.path, message: issue.message.replace(/^Invalid/, "invalid") },
	];
}

const { shape } = catalogEntrySchema;

function knownKeys(path: readonly PropertyKey[]): string[] {
	const [first] = path;
	const objects: Readonly<Record<string, object>> = {
		variants: shape.variants.element.shape,
		licence: shape.licence.shape,
		capabilities: shape.capabilities.shape,
		served: shape.served.shape,
		memory: shape.memory.options[0].shape,
		settings: shape.settings.options[0].shape,
		card:
			path[1] === "benchmarks"
				? shape.card.shape.benchmarks.element.shape
				: shape.card.shape,
	};
	return Object.keys(
		first === undefined ? shape : (objects[String(first)] ?? shape),
	);
}

function valueAt(plain: unknown, path: readonly PropertyKey[]): unknown {
	let value = plain;
	for (const key of path) {
		if (value === null || typeof value !== "object") return undefined;
		value = Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
	}
	return value;
}

/** Where in the text something stands, or the nearest thing around it. */
function offsetOf(
	document: Document,
	path: readonly PropertyKey[],
): number | null {
	let node: unknown = document.contents;
	let offset = isNode(node) ? (node.range?.[0] ?? null) : null;
	for (const key of path) {
		if (isMap(node)) {
			const pair = node.items.find(
				(item) => isScalar(item.key) && String(item.key.value) === String(key),
			);
			if (pair === undefined) break;
			if (isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset;
			node = pair.value;
		} else if (isSeq(node)) {
			node = node.items[Number(key)];
			if (!isNode(node)) break;
			offset = node.range?.[0] ?? offset;
		} else break;
	}
	return offset;
}

/** `variants[0].reference` */
function formatPath(path: readonly PropertyKey[]): string {
	return path
		.map((key, index) =>
			typeof key === "number"
				? `[${key}]`
				: `${index === 0 ? "" : "."}${String(key)}`,
		)
		.join("");
}

function sentence(message: string): string {
	return /[.?!]$/.test(message) ? message : `${message}.`;
}
