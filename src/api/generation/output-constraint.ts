import { GalleyError } from "../../core/errors.ts";
import type { OutputConstraint } from "../../core/output-constraint.ts";
import type { ConstraintFields } from "./constraint-fields.ts";

/** What of a merged body says what the output must look like; `nvext` as it was sent, for the names of fields. */
export type ConstrainedBody = Partial<ConstraintFields> & {
	nvext?: Readonly<Record<string, unknown>> | null | undefined;
};

/** The one constraint of a body; null where there is none. Several are an error: which of them should win? */
export function toOutputConstraint(
	body: ConstrainedBody,
): OutputConstraint | null {
	const named = [
		...ofResponseFormat(body.response_format),
		...ofStructuredOutputs(body.structured_outputs),
		...ofFields(
			{
				json: body.guided_json,
				regex: body.guided_regex,
				choice: body.guided_choice,
				grammar: body.guided_grammar,
			},
			"guided_",
		),
	].map((constraint) => ({ ...constraint, field: sentAs(constraint, body) }));
	const [first, second] = named;
	if (first === undefined) return null;
	if (second === undefined) return first;
	const message = `'${first.field}' and '${second.field}' both say what the output must look like: send only one of them.`;
	throw new GalleyError("invalid_request", message, { param: second.field });
}

type Named = OutputConstraint & { field: string };

/** Empty fields are as good as none, so a body has at most a few of these. */
function ofResponseFormat(
	format: ConstraintFields["response_format"],
): Named[] {
	if (format?.type === "json_object")
		return [{ kind: "json-object", field: "response_format" }];
	if (format?.type !== "json_schema") return [];
	const { name, schema, strict } = format.json_schema;
	return [
		{
			kind: "json-schema",
			schema,
			isStrict: strict ?? false,
			name: name ?? "",
			field: "response_format.json_schema.schema",
		},
	];
}

function ofStructuredOutputs(
	outputs: ConstraintFields["structured_outputs"],
): Named[] {
	if (outputs === null || outputs === undefined) return [];
	const { json_object, ...others } = outputs;
	const named = ofFields(others, "structured_outputs.");
	if (json_object === true)
		named.push({
			kind: "json-object",
			field: "structured_outputs.json_object",
		});
	if (named.length > 0) return named;
	const message =
		"'structured_outputs' needs one of 'json', 'regex', 'choice', 'grammar' and 'json_object'.";
	throw new GalleyError("invalid_request", message, {
		param: "structured_outputs",
	});
}

interface GuidedFields {
	json?: Readonly<Record<string, unknown>> | string | null | undefined;
	regex?: string | null | undefined;
	choice?: readonly string[] | null | undefined;
	grammar?: string | null | undefined;
}

function ofFields(fields: GuidedFields, prefix: string): Named[] {
	const { json, regex, choice, grammar } = fields;
	const named: Named[] = [];
	if (json !== null && json !== undefined)
		named.push({
			kind: "json-schema",
			schema: typeof json === "string" ? JSON.parse(json) : json,
			isStrict: false,
			name: "",
			field: `${prefix}json`,
		});
	if (typeof regex === "string")
		named.push({ kind: "regex", pattern: regex, field: `${prefix}regex` });
	if (choice !== null && choice !== undefined)
		named.push({ kind: "choice", choices: choice, field: `${prefix}choice` });
	if (typeof grammar === "string")
		named.push({
			kind: "grammar",
			source: grammar,
			field: `${prefix}grammar`,
		});
	return named;
}

/** `nvext.guided_json` where it was sent there. */
function sentAs({ field }: Named, { nvext }: ConstrainedBody): string {
	const outer = field.split(".")[0] ?? field;
	const inner = nvext?.[outer];
	return inner === undefined || inner === null ? field : `nvext.${field}`;
}
