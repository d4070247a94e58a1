import { z } from "zod";
import { GalleyError } from "../../core/errors.ts";
import { nearestName } from "../../core/nearest-name.ts";

/** A body or a query as its schema has it. Throws `invalid_request`, which names the field. */
export function checkedRequest<Shape extends z.ZodObject>(
	shape: Shape,
	given: unknown,
): z.infer<Shape> {
	const result = shape.safeParse(given);
	if (result.success) return result.data;
	const [issue] = result.error.issues;
	const path = (issue?.path ?? []).map(String);
	if (issue?.code === "unrecognized_keys") {
		const name = issue.keys[0] ?? "";
		const known = knownKeys(shape, path);
		const meant = nearestName(name, known);
		throw new GalleyError(
			"invalid_request",
			`'${[...path, name].join(".")}' is not known here. ${meant === null ? `Known: ${known.join(", ")}.` : `Did you mean '${meant}'?`}`,
			{ param: [...path, name].join(".") },
		);
	}
	const param = path.join(".");
	throw new GalleyError(
		"invalid_request",
		`${param === "" ? "The body" : `'${param}'`}: ${issue?.message ?? "not valid"}.`,
		param === "" ? {} : { param },
	);
}

function knownKeys(shape: z.ZodObject, path: readonly string[]): string[] {
	let inner: unknown = shape;
	for (const part of path) {
		inner = withoutWrapping(inner);
		if (inner instanceof z.ZodObject) inner = inner.shape[part];
	}
	inner = withoutWrapping(inner);
	return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

function withoutWrapping(given: unknown): unknown {
	let shape = given;
	while (
		shape instanceof z.ZodOptional ||
		shape instanceof z.ZodNullable ||
		shape instanceof z.ZodDefault ||
		shape instanceof z.ZodPrefault
	)
		shape = shape.unwrap();
	return shape;
}
