import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { GrammarError } from "../../src/grammar/grammar-error.ts";
import { compileJsonSchema } from "../../src/grammar/json-schema/compile-schema.ts";
import { randomWalk } from "../../src/grammar/json-schema/testing/random-walk.ts";
import { compileGrammar } from "../../src/grammar/matcher/compiled-grammar.ts";
import type { TokenTrie } from "../../src/grammar/matcher/token-trie.ts";

const walksPerSchema = 12;
const maxReasons = 15;

export interface RealSchemaScore {
	schemas: number;
	compiled: number;
	refused: number;
	medianMs: number;
	p95Ms: number;
	maxMs: number;
	walks: {
		valid: number;
		invalid: number;
		unfinished: number;
		unchecked: number;
	};
	reasons: Record<string, number>;
	lines: string[];
}

/** Compiles every *.json of a directory and validates random texts of each grammar with ajv. */
export function scoreRealSchemas(
	directory: string,
	trie: TokenTrie,
): RealSchemaScore {
	const walks = { valid: 0, invalid: 0, unfinished: 0, unchecked: 0 };
	const reasons = new Map<string, number>();
	const times: number[] = [];
	let schemas = 0;
	let compiled = 0;
	const random = generator(7);
	for (const name of readdirSync(directory)) {
		if (!name.endsWith(".json")) continue;
		let schema: unknown;
		try {
			schema = JSON.parse(readFileSync(join(directory, name), "utf8"));
		} catch (error) {
			console.error(`${name} is no JSON: ${String(error)}`);
			continue;
		}
		schemas++;
		const startedAt = performance.now();
		try {
			const grammar = compileGrammar(compileJsonSchema(schema));
			compiled++;
			times.push(performance.now() - startedAt);
			const isValid = validatorOf(schema, name);
			for (let walk = 0; walk < walksPerSchema; walk++) {
				const text = randomWalk(grammar, trie, random);
				if (text === null || /[\d.]{16}/.test(text)) walks.unfinished++;
				else if (isValid === null) walks.unchecked++;
				else if (isValid(JSON.parse(text))) walks.valid++;
				else {
					walks.invalid++;
					console.error(
						`INVALID ${name}: ${text.slice(0, 300)}: ${JSON.stringify(isValid.errors?.slice(0, 2)).slice(0, 300)}`,
					);
				}
			}
		} catch (error) {
			if (!(error instanceof GrammarError)) throw error;
			times.push(performance.now() - startedAt);
			const reason = reasonOf(error);
			reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
		}
	}
	times.sort((left, right) => left - right);
	const quantile = (share: number) =>
		Math.round((times[Math.floor(share * (times.length - 1))] ?? 0) * 10) / 10;
	const score = {
		schemas,
		compiled,
		refused: schemas - compiled,
		medianMs: quantile(0.5),
		p95Ms: quantile(0.95),
		maxMs: quantile(1),
		walks,
		reasons: Object.fromEntries(
			[...reasons].sort((left, right) => right[1] - left[1]),
		),
	};
	return { ...score, lines: linesOf(score) };
}

function linesOf(score: Omit<RealSchemaScore, "lines">): string[] {
	const { walks } = score;
	return [
		"## Real-world schemas",
		"",
		`${score.compiled} of ${score.schemas} compile; ${score.refused} are refused with a reason. Time: median ${score.medianMs} ms, p95 ${score.p95Ms} ms, most ${score.maxMs} ms.`,
		"",
		`Random texts of the grammars (${walksPerSchema} a schema): ${walks.valid} valid by ajv, ${walks.invalid} invalid, ${walks.unfinished} did not end within 3,000 bytes (or have numbers beyond 15 digits), ${walks.unchecked} of schemas that ajv cannot read.`,
		"",
		"| refused for | schemas |",
		"|---|---|",
		...Object.entries(score.reasons)
			.slice(0, maxReasons)
			.map(([reason, count]) => `| ${reason} | ${count} |`),
		"",
	];
}

function reasonOf(error: GrammarError): string {
	const keyword = (error.path ?? "").split("/").at(-1) ?? "";
	const named = /^[a-zA-Z$]+$/.test(keyword) ? keyword : "";
	const isRemote = error.message.includes("leads out of this document");
	return `${error.reason}: ${isRemote ? "remote $ref" : named || error.message.slice(0, 60)}`;
}

/** Null for schemas that ajv cannot read. */
export function validatorOf(schema: unknown, name: string) {
	const options = {
		strict: false,
		validateSchema: false,
		multipleOfPrecision: 9,
		logger: false,
	} as const;
	const dialect = (schema as { $schema?: unknown }).$schema;
	const isNew = typeof dialect === "string" && /20(19-09|20-12)/.test(dialect);
	const ajv = isNew ? new Ajv2020(options) : new Ajv(options);
	addFormats.default(ajv);
	try {
		const { $schema: _, ...rest } = schema as Record<string, unknown>;
		return ajv.compile(isNew ? rest : (fromDraft4(rest) as object));
	} catch (error) {
		console.error(`ajv cannot read ${name}: ${String(error).slice(0, 120)}`);
		return null;
	}
}

/** Ajv reads draft 6 and later: without draft 4's `id`, and with its exclusive bounds as numbers. */
function fromDraft4(schema: unknown): unknown {
	if (Array.isArray(schema)) return schema.map(fromDraft4);
	if (typeof schema !== "object" || schema === null) return schema;
	const written = schema as Record<string, unknown>;
	const read: Record<string, unknown> = {};
	for (const [key, value] of Object.entries(written)) {
		const isValue = ["enum", "const", "default", "examples"].includes(key);
		const isOld = key === "id" && typeof value === "string";
		const bound = { exclusiveMinimum: "minimum", exclusiveMaximum: "maximum" };
		if (isOld || (key in bound && typeof value === "boolean")) continue;
		read[key] = isValue && Array.isArray(value) ? value : fromDraft4(value);
	}
	for (const side of ["Minimum", "Maximum"] as const)
		if (written[`exclusive${side}`] === true) {
			read[`exclusive${side}`] = read[side.toLowerCase()];
			delete read[side.toLowerCase()];
		}
	return read;
}

function generator(seed: number): () => number {
	let state = seed;
	return () => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return state / 2 ** 32;
	};
}
