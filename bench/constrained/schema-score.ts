/**
 * Scores the JSON Schema compiler on JSON-Schema-Test-Suite and on a directory of real-world schemas:
 *   tsx bench/constrained/schema-score.ts --suite <directory of the suite> [--schemas <directory of *.json>] [--out <file without ending>]
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { GrammarError } from "../../src/grammar/grammar-error.ts";
import { compileJsonSchema } from "../../src/grammar/json-schema/compile-schema.ts";
import { canonicalTexts } from "../../src/grammar/json-schema/testing/canonical-texts.ts";
import { byteTrie } from "../../src/grammar/json-schema/testing/random-walk.ts";
import { compileGrammar } from "../../src/grammar/matcher/compiled-grammar.ts";
import { GrammarMatcher } from "../../src/grammar/matcher/grammar-matcher.ts";
import { scoreRealSchemas } from "./real-schemas.ts";

interface Case {
	description: string;
	schema: unknown;
	tests: { description: string; data: unknown; valid: boolean }[];
}

interface Row {
	exact: number;
	refused: number;
	/** Valid, but outside the part of a format (or of a dialect) that is generated. */
	narrower: number;
	wrong: number;
}

const { values: options } = parseArgs({
	options: {
		suite: { type: "string" },
		schemas: { type: "string" },
		out: { type: "string" },
		verbose: { type: "boolean", default: false },
	},
});

const trie = byteTrie();
const report: Record<string, unknown> = {};
const lines: string[] = [
	"# JSON Schema: what is enforced",
	"",
	"What the JSON Schema compiler enforces, counted by test instance. Exact: the instance, written without blanks and with plain decimals, is accepted in some order of its properties if and only if it is valid. Refused: the schema gets a 400 that names the keyword. Narrower: a valid value is not generated, because only the usual part of a format is, or because a custom $schema leaves keywords out. Wrong: anything else. Formats are asserted, so the cases of format.json, which have them ignored, are left out; those of optional/format are in. For draft 7 each schema is given its $schema.",
	"",
];

if (options.suite !== undefined)
	for (const draft of ["draft2020-12", "draft7"]) {
		const rows = scoreSuite(join(options.suite, "tests", draft));
		report[draft] = rows;
		lines.push(`## JSON-Schema-Test-Suite, ${draft}`, "", ...table(rows), "");
	}
if (options.schemas !== undefined) {
	const score = scoreRealSchemas(options.schemas, trie);
	report.realSchemas = score;
	lines.push(...score.lines);
}
console.log(lines.join("\n"));
if (options.out !== undefined) {
	writeFileSync(`${options.out}.md`, `${lines.join("\n")}\n`);
	writeFileSync(
		`${options.out}.json`,
		`${JSON.stringify(report, null, "\t")}\n`,
	);
}

function scoreSuite(directory: string): Record<string, Row> {
	const rows: Record<string, Row> = {};
	const files = readdirSync(directory).filter(
		// Formats are asserted here; the cases of format.json say that they are not. The other cases of formats stand under optional/.
		(name) => name.endsWith(".json") && name !== "format.json",
	);
	const formats = join("optional", "format");
	for (const name of readdirSync(join(directory, formats)))
		if (name.endsWith(".json")) files.push(join(formats, name));
	for (const file of files) {
		const row: Row = { exact: 0, refused: 0, narrower: 0, wrong: 0 };
		rows[file.replace(/\.json$/, "")] = row;
		const cases = JSON.parse(
			readFileSync(join(directory, file), "utf8"),
		) as Case[];
		for (const one of cases) scoreCase(one, row, file, directory);
	}
	return rows;
}

function scoreCase(one: Case, row: Row, file: string, directory: string): void {
	const { tests } = one;
	const dialect = { $schema: "http://json-schema.org/draft-07/schema#" };
	const schema =
		directory.endsWith("draft7") && typeof one.schema === "object"
			? { ...dialect, ...one.schema }
			: one.schema;
	const accepts = acceptor(schema, one.description, file);
	for (const { data, valid, description } of tests) {
		if (accepts === null) {
			row.refused++;
			continue;
		}
		const isAccepted = canonicalTexts(data).some(accepts);
		if (isAccepted === valid) row.exact++;
		else if (valid && (file.includes("format") || file === "vocabulary.json"))
			row.narrower++;
		else {
			row.wrong++;
			console.error(
				`${valid ? "too strict" : "TOO WEAK"} ${file}: ${one.description}: ${description}: ${JSON.stringify(data)}`,
			);
		}
	}
}

function acceptor(
	schema: unknown,
	description: string,
	file: string,
): ((text: string) => boolean) | null {
	try {
		const compiled = compileGrammar(compileJsonSchema(schema));
		return (text) => {
			const matcher = new GrammarMatcher(compiled, trie, []);
			return matcher.acceptText(text) && matcher.canEnd;
		};
	} catch (error) {
		if (!(error instanceof GrammarError)) throw error;
		if (error.reason === "impossible") return () => false;
		if (options.verbose)
			console.error(`refused ${file}: ${description}: ${error.message}`);
		return null;
	}
}

function table(rows: Record<string, Row>): string[] {
	const total: Row = { exact: 0, refused: 0, narrower: 0, wrong: 0 };
	const body = Object.entries(rows).map(([name, row]) => {
		total.exact += row.exact;
		total.refused += row.refused;
		total.narrower += row.narrower;
		total.wrong += row.wrong;
		return `| ${name} | ${row.exact} | ${row.refused} | ${row.narrower} | ${row.wrong} |`;
	});
	return [
		"| keyword | exact | refused | narrower | wrong |",
		"|---|---|---|---|---|",
		...body,
		`| **all** | **${total.exact}** | **${total.refused}** | **${total.narrower}** | **${total.wrong}** |`,
	];
}
