import type { z } from "zod";
import { type ErrorCode, GalleyError } from "../core/errors.ts";
import { nearestName } from "../core/nearest-name.ts";

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** Marks an issue raised by our own checks that has another code than `invalid_request`. */
interface IssueParams {
	code?: ErrorCode;
}

/**
 * The first thing wrong with a body, as one error that names the field and the fix. Values of text fields are never
 * repeated: they may be what a user wrote.
 */
export function toValidationError(
	error: z.core.$ZodError,
	body: unknown,
	knownFields: readonly string[],
	foreignNames: Readonly<Record<string, string>>,
): GalleyError {
	const issue = mostSpecific(error.issues);
	if (issue === null)
		return new GalleyError("invalid_request", "The request body is not valid.");
	const name = toFieldName(issue.path);
	if (issue.code === "unrecognized_keys") {
		const key = issue.keys[0] ?? "";
		const field = toFieldName([...issue.path, key]);
		const hint =
			issue.path.length === 0 || issue.path[0] === "nvext"
				? fixFor(key, knownFields, foreignNames)
				: null;
		const message = `Unknown field '${field.slice(0, 100)}'. ${hint ?? "Leave it out."}`;
		return new GalleyError("invalid_request", message, {
			param: field.slice(0, 100),
		});
	}
	const param = name === "" ? undefined : name;
	if (issue.code === "custom") {
		const { code } = (issue.params ?? {}) as IssueParams;
		return new GalleyError(code ?? "invalid_request", issue.message, { param });
	}
	const subject = name === "" ? "The request body" : `'${name}'`;
	return new GalleyError(
		"invalid_request",
		`${subject} ${complaint(issue, valueAt(body, issue.path))}.`,
		{ param },
	);
}

function fixFor(
	key: string,
	knownFields: readonly string[],
	foreignNames: Readonly<Record<string, string>>,
): string | null {
	if (Object.hasOwn(foreignNames, key)) return foreignNames[key] ?? null;
	const near = nearestName(key, knownFields);
	return near === null ? null : `Did you mean '${near}'?`;
}

/** `messages[2].role` */
function toFieldName(path: Path): string {
	let name = "";
	for (const part of path) {
		if (typeof part === "number") name += `[${part}]`;
		else name += name === "" ? String(part) : `.${String(part)}`;
	}
	return name;
}

/** Where all alternatives failed, the one that was understood furthest says best what is wrong. */
function mostSpecific(issues: readonly Issue[]): Issue | null {
	const first = issues[0];
	if (first?.code !== "invalid_union") return first ?? null;
	let best: Issue = first;
	for (const alternative of first.errors) {
		const inner = mostSpecific(alternative as readonly Issue[]);
		if (inner === null) continue;
		const depth = first.path.length + inner.path.length;
		// At the same depth, a complaint about the value beats one about its type: there the type was right.
		const isRightType = best === first && inner.code !== "invalid_type";
		if (depth > best.path.length || isRightType)
			best = { ...inner, path: [...first.path, ...inner.path] };
	}
	return best;
}

function complaint(issue: Issue, value: unknown): string {
	switch (issue.code) {
		case "invalid_type":
			return value === undefined
				? `is required: send ${withArticle(issue.expected)}`
				: `must be ${withArticle(issue.expected)}, but is ${describe(value)}`;
		case "invalid_value":
			return value === undefined
				? `is required: send ${issue.values.map(quoted).join(" or ")}`
				: `must be ${issue.values.map(quoted).join(" or ")}, but is ${describe(value)}`;
		case "too_small":
			return `must ${bound(issue.origin, issue.inclusive === false ? "more than" : "at least", issue.minimum)}${shown(value)}`;
		case "too_big":
			return `must ${bound(issue.origin, issue.inclusive === false ? "less than" : "at most", issue.maximum)}${shown(value)}`;
		case "invalid_union": {
			if (
				issue.discriminator !== undefined &&
				"options" in issue &&
				Array.isArray(issue.options)
			) {
				const options = issue.options.map(quoted).join(", ");
				return value === undefined
					? `is required: send one of ${options}`
					: `must be one of ${options}${shown(value)}`;
			}
			const expected = issue.errors
				.flatMap((alternative) => alternative[0] ?? [])
				.filter(isInvalidType);
			const kinds = [
				...new Set(expected.map((inner) => withArticle(inner.expected))),
			].filter((kind) => kind !== "null");
			return `must be ${kinds.join(" or ")}, but is ${describe(value)}`;
		}
		default:
			return `is not valid: ${issue.message}`;
	}
}

function isInvalidType(issue: Issue): issue is z.core.$ZodIssueInvalidType {
	return issue.code === "invalid_type";
}

function bound(
	origin: string,
	relation: string,
	limit: number | bigint,
): string {
	if (origin === "array" || origin === "set")
		return `have ${relation} ${limit} ${limit === 1 ? "item" : "items"}`;
	if (origin === "string")
		return `have ${relation} ${limit} ${limit === 1 ? "character" : "characters"}`;
	return `be ${relation} ${limit}`;
}

/** Numbers are safe to repeat, and say most. */
function shown(value: unknown): string {
	return typeof value === "number" ? `, but is ${value}` : "";
}

function describe(value: unknown): string {
	if (value === undefined) return "missing";
	if (value === null) return "null";
	if (typeof value === "number" || typeof value === "boolean")
		return String(value);
	if (Array.isArray(value)) return "an array";
	return withArticle(typeof value);
}

function withArticle(kind: string): string {
	if (kind === "null") return "null";
	if (kind === "int") return "an integer";
	if (kind === "record") return "an object";
	return /^[aeiou]/.test(kind) ? `an ${kind}` : `a ${kind}`;
}

function quoted(value: unknown): string {
	return typeof value === "string" ? `'${value}'` : String(value);
}

function valueAt(body: unknown, path: Path): unknown {
	let value: unknown = body;
	for (const part of path) {
		if (typeof value !== "object" || value === null) return undefined;
		value = (value as Record<PropertyKey, unknown>)[part];
	}
	return value;
}
