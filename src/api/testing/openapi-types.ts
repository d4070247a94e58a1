/** A TypeScript client made from an OpenAPI document, as code generators make them: types of bodies and answers, one function. */

interface Schema {
	type?: string | readonly string[];
	enum?: readonly unknown[];
	const?: unknown;
	anyOf?: readonly Schema[];
	oneOf?: readonly Schema[];
	allOf?: readonly Schema[];
	items?: Schema;
	properties?: Readonly<Record<string, Schema>>;
	required?: readonly string[];
	additionalProperties?: Schema | boolean;
}

interface Operation {
	operationId: string;
	requestBody?: { content: Record<string, { schema: Schema }> };
	responses: Record<string, { content: Record<string, { schema: Schema }> }>;
}

export interface OpenApiDocument {
	paths: Record<string, Record<string, Operation>>;
}

export function toTypeScriptClient({ paths }: OpenApiDocument): string {
	const operations = Object.entries(paths).flatMap(([path, item]) =>
		Object.entries(item).map(([method, operation]) => ({
			path,
			method,
			operation,
		})),
	);
	const types = operations.map(({ operation }) => {
		const { operationId, requestBody, responses } = operation;
		const body = requestBody?.content["application/json"]?.schema;
		const answer = Object.values(responses["200"]?.content ?? {})[0]?.schema;
		return `	${operationId}: {\n		body: ${body === undefined ? "undefined" : toType(body)};\n		answer: ${toType(answer ?? {})};\n	};`;
	});
	const places = operations.map(
		({ path, method, operation: { operationId } }) =>
			`	${operationId}: ["${method.toUpperCase()}", "${path}"],`,
	);
	return `export interface Operations {
${types.join("\n")}
}

const places: { [Name in keyof Operations]: readonly [method: string, path: string] } = {
${places.join("\n")}
};

export async function call<Name extends keyof Operations>(
	url: string,
	name: Name,
	body: Operations[Name]["body"],
	parameters: Readonly<Record<string, string>> = {},
): Promise<Operations[Name]["answer"]> {
	const [method, path] = places[name];
	const filled = path.replace(/{(\\w+)}/g, (_all, parameter: string) => encodeURIComponent(parameters[parameter] ?? ""));
	const response = await fetch(url + filled, {
		method,
		...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
	});
	if (!response.ok) throw new Error(await response.text());
	return (await response.json()) as Operations[Name]["answer"];
}
`;
}

function toType(schema: Schema): string {
	if (schema.enum !== undefined)
		return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
	if (schema.const !== undefined) return JSON.stringify(schema.const);
	const options = schema.anyOf ?? schema.oneOf;
	if (options !== undefined) return `(${options.map(toType).join(" | ")})`;
	if (schema.allOf !== undefined)
		return `(${schema.allOf.map(toType).join(" & ")})`;
	if (schema.type === undefined) return "unknown";
	const types = typeof schema.type === "string" ? [schema.type] : schema.type;
	return types.map((type) => toTypeOf(type, schema)).join(" | ");
}

function toTypeOf(type: string, schema: Schema): string {
	switch (type) {
		case "object":
			return toObjectType(schema);
		case "array":
			return `readonly (${toType(schema.items ?? {})})[]`;
		case "integer":
			return "number";
		default:
			return type;
	}
}

function toObjectType({
	properties = {},
	required = [],
	additionalProperties = true,
}: Schema): string {
	const fields = Object.entries(properties).map(
		([name, schema]) =>
			`${JSON.stringify(name)}${required.includes(name) ? "" : "?"}: ${toType(schema)}`,
	);
	if (additionalProperties === false) return `{ ${fields.join("; ")} }`;
	const others =
		fields.length > 0 || additionalProperties === true
			? "unknown"
			: toType(additionalProperties);
	return `{ ${[...fields, `[name: string]: ${others}`].join("; ")} }`;
}
