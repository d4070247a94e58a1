import type { z } from "zod";
import type { Found } from "./fleet-problems.ts";

type Path = readonly PropertyKey[];

/** What is left out makes something else incomplete only so often: a key, its entry, its list. */
const mostRounds = 4;

/**
 * Reads a file's form, and what can be read beside its mistakes, so that whoever corrects them hears of all others at once. `read` is
 * null where nothing can; `isWhole` is false where entries had to be left out that others may refer to; `placeOf` tells where in
 * the file something stands that was read.
 */
export function readForm<Shape extends z.ZodType>(
	shape: Shape,
	given: unknown,
	describe: (issue: z.core.$ZodIssue) => Found[],
): {
	read: z.infer<Shape> | null;
	isWhole: boolean;
	problems: Found[];
	placeOf(path: Path): Path;
} {
	const problems: Found[] = [];
	const whole = toTree(given);
	let isWhole = true;
	const placeOf = (path: Path) => placeIn(whole, path);
	for (let round = 0; round < mostRounds; round++) {
		const result = shape.safeParse(toPlain(whole));
		if (result.success)
			return { read: result.data, isWhole, problems, placeOf };
		const { issues } = result.error;
		// Only mistakes of the first round are the file's; later ones come of what was left out.
		if (round === 0) problems.push(...issues.flatMap(describe));
		else isWhole = false;
		for (const issue of issues)
			for (const path of faulty(issue, round)) markAt(whole, path);
		leaveOutMarked(whole);
	}
	return { read: null, isWhole: false, problems, placeOf };
}

/** A required key can't be left out alone: its absence is a mistake of what is around it. */
function faulty(issue: z.core.$ZodIssue, round: number): Path[] {
	if (issue.code === "unrecognized_keys")
		return issue.keys.map((key) => [...issue.path, key]);
	return [round === 0 ? issue.path : issue.path.slice(0, -1)];
}

/** A file's content from which parts can be left out while the others keep their places. */
interface Tree {
	/** Of a list or a map; null where there is a single value. */
	parts: { key: string | number; tree: Tree }[] | null;
	isList: boolean;
	value: unknown;
	isLeftOut: boolean;
}

function toTree(value: unknown): Tree {
	const isList = Array.isArray(value);
	const entries = isList
		? [...value.entries()]
		: typeof value === "object" && value !== null
			? Object.entries(value)
			: null;
	const parts =
		entries?.map(([key, part]) => ({ key, tree: toTree(part) })) ?? null;
	return { parts, isList, value, isLeftOut: false };
}

function toPlain({ parts, isList, value }: Tree): unknown {
	if (parts === null) return value;
	return isList
		? parts.map(({ tree }) => toPlain(tree))
		: Object.fromEntries(parts.map(({ key, tree }) => [key, toPlain(tree)]));
}

/** In a list by the place that it has now, which isn't the file's once something was left out. */
function partAt({ parts, isList }: Tree, key: PropertyKey | undefined) {
	return isList
		? parts?.[Number(key)]
		: parts?.find((part) => part.key === key);
}

/** What is not there is left out already, and nothing of it can be wrong but what is around it. */
function markAt(tree: Tree, path: Path): void {
	let here = tree;
	for (const key of path) {
		const part = partAt(here, key);
		if (part === undefined) break;
		here = part.tree;
	}
	here.isLeftOut = true;
}

function leaveOutMarked(tree: Tree): void {
	if (tree.parts === null) return;
	tree.parts = tree.parts.filter((part) => !part.tree.isLeftOut);
	for (const part of tree.parts) leaveOutMarked(part.tree);
}

function placeIn(tree: Tree, path: Path): Path {
	let here: Tree | undefined = tree;
	return path.map((key) => {
		const part: { key: string | number; tree: Tree } | undefined =
			here === undefined ? undefined : partAt(here, key);
		here = part?.tree;
		return part?.key ?? key;
	});
}
