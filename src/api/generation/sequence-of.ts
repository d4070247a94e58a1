import { z } from "zod";

/**
 * An array whose items are checked one by one up to the first fault. A plain `z.array` collects the faults of all items:
 * a body of some million wrong items would become some million issues.
 */
export function sequenceOf<Item extends z.ZodType>(
	item: Item,
	limits: { min: number; max: number },
) {
	return z.preprocess((value, context) => {
		if (!Array.isArray(value)) return value;
		if (value.length > limits.max) {
			context.addIssue({
				code: "too_big",
				origin: "array",
				maximum: limits.max,
				inclusive: true,
				input: value,
			});
			return z.NEVER;
		}
		for (const [index, entry] of value.entries()) {
			const issue = item.safeParse(entry).error?.issues[0];
			if (issue === undefined) continue;
			context.addIssue({ ...issue, path: [index, ...issue.path] } as Parameters<
				typeof context.addIssue
			>[0]);
			return z.NEVER;
		}
		return value;
	}, z.array(item).min(limits.min));
}

const largestTokenId = 2 ** 31 - 1;

export function isTokenId(value: unknown): value is number {
	return (
		typeof value === "number" &&
		Number.isInteger(value) &&
		value >= 0 &&
		value <= largestTokenId
	);
}

const tokenListSchema = {
	type: "array",
	items: { type: "integer", minimum: 0 },
} as const;

/** Token ids, checked by a plain loop: prompts bring hundreds of thousands. */
export function tokenList(limits: { min: number; max: number }) {
	return z
		.custom<readonly number[]>()
		.superRefine((value: unknown, context) => {
			if (!Array.isArray(value)) {
				context.addIssue({
					code: "invalid_type",
					expected: "array",
					input: value,
				});
			} else if (value.length < limits.min) {
				context.addIssue({
					code: "too_small",
					origin: "array",
					minimum: limits.min,
					inclusive: true,
					input: value,
				});
			} else if (value.length > limits.max) {
				context.addIssue({
					code: "too_big",
					origin: "array",
					maximum: limits.max,
					inclusive: true,
					input: value,
				});
			} else {
				const wrong = value.findIndex((entry) => !isTokenId(entry));
				if (wrong >= 0)
					context.addIssue({
						code: "custom",
						path: [wrong],
						message: tokenIdMessage,
					});
			}
		})
		.meta(tokenListSchema);
}

export const tokenIdMessage =
	"Token ids must be integers of 0 or more, below the size of the vocabulary.";
