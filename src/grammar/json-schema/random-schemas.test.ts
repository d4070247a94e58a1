import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import fc from "fast-check";
import { expect, test } from "vitest";
import { GrammarError } from "../grammar-error.ts";
import { compileGrammar } from "../matcher/compiled-grammar.ts";
import { GrammarMatcher } from "../matcher/grammar-matcher.ts";
import { compileJsonSchema } from "./compile-schema.ts";
import { canonicalTexts } from "./testing/canonical-texts.ts";
import { instance, schema } from "./testing/random-schemas.ts";
import { byteTrie, randomWalk } from "./testing/random-walk.ts";

const numRuns = Number(process.env.GALLEY_SCHEMA_RUNS ?? 150);

function validatorOf(document: boolean | Record<string, unknown>) {
	const ajv = new Ajv2020({ strict: false, multipleOfPrecision: 9 });
	addFormats.default(ajv);
	return ajv.compile(document);
}

test(
	"random schemas: what the grammar writes is valid, and a value is accepted exactly if it is valid",
	() => {
		const trie = byteTrie();
		const counts = {
			compiled: 0,
			refused: 0,
			walks: 0,
			unfinished: 0,
			valid: 0,
			invalid: 0,
		};
		const property = fc.property(
			schema,
			fc.array(instance, { minLength: 12, maxLength: 12 }),
			fc.infiniteStream(
				fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
			),
			(document, instances, numbers) => {
				const random = () => numbers.next().value as number;
				let isValid: ReturnType<typeof validatorOf>;
				try {
					isValid = validatorOf(document);
				} catch {
					return;
				}
				let accepts = (_text: string) => false;
				const values = [...instances];
				try {
					const compiled = compileGrammar(compileJsonSchema(document));
					counts.compiled++;
					accepts = (text) => {
						const matcher = new GrammarMatcher(compiled, trie, []);
						return matcher.acceptText(text) && matcher.canEnd;
					};
					for (let walk = 0; walk < 6; walk++) {
						const text = randomWalk(compiled, trie, random);
						counts.walks++;
						// Beyond 15 digits a validator that reads doubles sees another number.
						if (text === null || /[\d.]{16}/.test(text)) {
							counts.unfinished++;
							continue;
						}
						const value: unknown = JSON.parse(text);
						expect(
							isValid(value),
							`${text} for ${JSON.stringify(document)}`,
						).toBe(true);
						values.push(value);
					}
				} catch (error) {
					if (!(error instanceof GrammarError)) throw error;
					counts.refused++;
					if (error.reason !== "impossible") return;
				}
				for (const value of values) {
					if (isOutsideFormats(document)) continue;
					const valid = isValid(value);
					counts[valid ? "valid" : "invalid"]++;
					expect(
						canonicalTexts(value).some(accepts),
						`${JSON.stringify(value)} for ${JSON.stringify(document)}`,
					).toBe(valid);
				}
			},
		);
		fc.assert(property, { numRuns });
		if (process.env.GALLEY_SCHEMA_RUNS !== undefined) console.log(counts);
		expect(counts.compiled).toBeGreaterThan(numRuns / 3);
	},
	30_000 + numRuns * 300,
);

/** Of these formats only the usual part is generated. */
function isOutsideFormats(document: unknown): boolean {
	return /"format":"(date-time|email|uri|time)"/.test(JSON.stringify(document));
}
