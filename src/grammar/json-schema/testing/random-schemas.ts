import fc from "fast-check";

const keys = ["a", "b", 'c"', "kind"] as const;
const key = fc.constantFrom(...keys);
const shortText = fc.string({
	unit: fc.constantFrom("a", "b", '"', "\n", "é", "🎈", "1"),
	maxLength: 4,
});
const number = fc.oneof(
	fc.integer({ min: -12, max: 12 }),
	fc.integer({ min: -40, max: 40 }).map((tenths) => tenths / 10),
);
const small = fc.integer({ min: 0, max: 3 });

/** JSON values out of the same few keys, texts and numbers that the schemas speak of. */
export const instance: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
	value: fc.oneof(
		{ maxDepth: 3, withCrossShrink: true },
		{
			weight: 4,
			arbitrary: fc.oneof(shortText, number, fc.boolean(), fc.constant(null)),
		},
		{ weight: 2, arbitrary: fc.array(tie("value"), { maxLength: 3 }) },
		{
			weight: 3,
			arbitrary: fc.dictionary(fc.oneof(key, shortText), tie("value"), {
				maxKeys: 3,
				noNullPrototype: true,
			}),
		},
	),
})).value;

type Schema = boolean | Record<string, unknown>;

function record(model: Record<string, fc.Arbitrary<unknown>>) {
	return fc.record(model, {
		requiredKeys: [],
		noNullPrototype: true,
	}) as fc.Arbitrary<Record<string, unknown>>;
}

/** Schemas over the supported keywords. */
export const schema: fc.Arbitrary<Schema> = fc.letrec<{ schema: Schema }>(
	(tie) => {
		const inner = tie("schema");
		const typed = (
			type: unknown,
			model: Record<string, fc.Arbitrary<unknown>>,
		) => record(model).map((keywords) => ({ type, ...keywords }));
		const numbers = {
			minimum: number,
			maximum: number.map((value) => value + 5),
			exclusiveMinimum: number,
			multipleOf: fc.constantFrom(1, 2, 3, 0.5, 0.01),
		};
		const list = fc.array(inner, { minLength: 1, maxLength: 3 });
		const object = typed("object", {
			properties: fc.dictionary(key, inner, {
				maxKeys: 3,
				noNullPrototype: true,
			}),
			required: fc.uniqueArray(key, { maxLength: 2 }),
			additionalProperties: fc.oneof(fc.boolean(), inner),
			patternProperties: fc.dictionary(
				fc.constantFrom("^a", "b", "\\d$"),
				inner,
				{ maxKeys: 2, noNullPrototype: true },
			),
			propertyNames: fc.constantFrom(
				{ maxLength: 2 },
				{ pattern: "^[a-k]" },
				true,
			),
			minProperties: fc.integer({ min: 0, max: 2 }),
			maxProperties: small,
			dependentRequired: fc.dictionary(
				key,
				fc.uniqueArray(key, { maxLength: 2 }),
				{ maxKeys: 1, noNullPrototype: true },
			),
		});
		return {
			schema: fc.oneof(
				{ maxDepth: 3, withCrossShrink: true },
				{
					weight: 2,
					arbitrary: fc.constantFrom<Schema>(
						true,
						{ type: "boolean" },
						{ type: "null" },
						{ type: ["string", "null"] },
						{ $ref: "#" },
						{ type: "string", format: "date" },
						{ type: "string", format: "ipv4" },
						{ type: "string", format: "date-time" },
						{ type: "string", format: "email" },
						{ type: "string", format: "uri" },
						{ type: "string", format: "uuid" },
						{ type: "string", format: "time" },
					),
				},
				{
					weight: 3,
					arbitrary: fc.oneof(
						typed("integer", numbers),
						typed("number", numbers),
					),
				},
				{
					weight: 3,
					arbitrary: typed("string", {
						minLength: small,
						maxLength: small.map((length) => length + 1),
						pattern: fc.constantFrom(
							"a",
							"^[ab]*$",
							"^\\S+$",
							'"',
							"^.{2}",
							"^(a|1)+b?$",
						),
					}),
				},
				{
					weight: 2,
					arbitrary: fc
						.array(fc.oneof(shortText, number, fc.boolean(), instance), {
							minLength: 1,
							maxLength: 3,
						})
						.map((values) => ({ enum: values })),
				},
				{ weight: 1, arbitrary: instance.map((value) => ({ const: value })) },
				{ weight: 5, arbitrary: object },
				{
					weight: 3,
					arbitrary: typed("array", {
						items: inner,
						prefixItems: list,
						minItems: small,
						maxItems: small.map((count) => count + 1),
						contains: fc.constantFrom<Schema>(
							{ const: "a" },
							{ type: "integer" },
							{ type: "object" },
							{ enum: [1, null, "b"] },
							{ type: "string", minLength: 1 },
						),
						minContains: small,
						maxContains: small.map((count) => count + 1),
						uniqueItems: fc.constantFrom(false, false, true),
					}).map((keywords) => {
						// Ajv 8 forgets `contains` for an empty array that also has `prefixItems`.
						const { prefixItems: _, ...others } = keywords as Record<
							string,
							unknown
						>;
						return "contains" in others ? others : keywords;
					}),
				},
				{ weight: 2, arbitrary: record({ anyOf: list }) },
				{ weight: 2, arbitrary: record({ oneOf: list }) },
				{ weight: 2, arbitrary: record({ allOf: list }) },
				{ weight: 1, arbitrary: record({ not: inner }) },
				{
					weight: 1,
					arbitrary: fc
						.tuple(inner, inner, inner)
						.map(([condition, yes, no]) => conditional(condition, yes, no)),
				},
			) as fc.Arbitrary<Schema>,
		};
	},
).schema;

/** Not written as a literal: what has a member "then" looks like a promise to linters. */
function conditional(...schemas: Schema[]): Schema {
	const names = ["if", "then", "else"];
	return Object.fromEntries(schemas.map((own, index) => [names[index], own]));
}
