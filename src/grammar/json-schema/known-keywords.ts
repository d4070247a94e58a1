import { GrammarError } from "../grammar-error.ts";

const known = new Set(
	"$schema $id id $anchor $ref $defs definitions $comment $vocabulary title description default examples example deprecated readOnly writeOnly nullable type enum const minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength pattern format properties required additionalProperties patternProperties propertyNames minProperties maxProperties items prefixItems additionalItems contains minContains maxContains minItems maxItems uniqueItems anyOf oneOf allOf not if then else dependentRequired dependentSchemas dependencies unevaluatedProperties unevaluatedItems contentEncoding contentMediaType contentSchema $dynamicAnchor $dynamicRef $recursiveRef $recursiveAnchor discriminator xml externalDocs".split(
		" ",
	),
);

/** In strict mode a keyword that looks like a misspelt one is refused; else what is unknown is ignored, as the specification says. */
export function checkKeywords(
	keywords: Readonly<Record<string, unknown>>,
	pointer: string,
	isStrict: boolean,
): void {
	for (const name of ["$dynamicRef", "$recursiveRef"])
		if (name in keywords)
			throw new GrammarError(
				"unsupported",
				`${name} at ${pointer}/${name} cannot be enforced: what it means depends on who refers to it. Use $ref.`,
				{ path: `${pointer}/${name}` },
			);
	if (!isStrict) return;
	for (const name of Object.keys(keywords)) {
		if (known.has(name) || name.startsWith("x-")) continue;
		const meant = [...known].find(
			(other) =>
				isOneSlip(name, other) || name.toLowerCase() === other.toLowerCase(),
		);
		if (meant !== undefined && name.length > 3)
			throw new GrammarError(
				"invalid",
				`"${name}" at ${pointer}/${name} is no keyword; did you mean "${meant}"? Correct it, or leave strict out to have it ignored.`,
				{ path: `${pointer}/${name}` },
			);
	}
}

/** One letter more, less or other, or two swapped. */
function isOneSlip(left: string, right: string): boolean {
	if (Math.abs(left.length - right.length) > 1) return false;
	let start = 0;
	while (start < left.length && left[start] === right[start]) start++;
	let end = 0;
	while (
		end < Math.min(left.length, right.length) - start &&
		left[left.length - 1 - end] === right[right.length - 1 - end]
	)
		end++;
	const leftRest = left.slice(start, left.length - end);
	const rightRest = right.slice(start, right.length - end);
	if (Math.max(leftRest.length, rightRest.length) <= 1) return true;
	return (
		leftRest.length === 2 && leftRest === [...rightRest].reverse().join("")
	);
}
