import { GrammarError } from "../grammar-error.ts";
import type { SchemaAt } from "./node.ts";

const maxSchemas = 20_000;
const maxDepth = 200;
const rootBase = "galley://document/";

/** What stands under these is data, not schemas. */
const dataKeywords = new Set(["enum", "const", "default", "examples"]);

/** A schema document: which schema a reference means. */
export class SchemaDocument {
	readonly root: SchemaAt;
	/** Before draft 2019-09 the keywords beside `$ref` mean nothing. */
	readonly isRefAlone: boolean;
	readonly #resources = new Map<string, SchemaAt>();
	readonly #anchors = new Map<string, SchemaAt>();
	readonly #indexed = new Map<object, SchemaAt>();

	constructor(schema: unknown) {
		const dialect = isRecord(schema) ? schema.$schema : undefined;
		this.isRefAlone =
			typeof dialect === "string" && /draft-0[3467]\//.test(dialect);
		this.root = this.#index(schema, "", rootBase, 0, true);
		if (!this.#resources.has(rootBase))
			this.#resources.set(rootBase, this.root);
	}

	/** The subschema at `path` below `schema`. */
	child(schema: SchemaAt, ...path: (string | number)[]): SchemaAt {
		let value: unknown = schema.value;
		for (const part of path)
			value = (value as Record<string, unknown> | undefined)?.[part];
		const pointer = schema.pointer + path.map(pointerPart).join("");
		return this.at(value, pointer, schema.base);
	}

	at(value: unknown, pointer: string, base: string): SchemaAt {
		if (typeof value === "boolean") return { value, pointer, base };
		if (!isRecord(value))
			throw new GrammarError(
				"invalid",
				`There has to be a schema at ${pointer || "the root"}: an object, true or false.`,
				{ path: pointer },
			);
		return (
			this.#indexed.get(value) ?? this.#index(value, pointer, base, 0, true)
		);
	}

	resolve(reference: unknown, from: SchemaAt, path: string): SchemaAt {
		if (typeof reference !== "string")
			throw new GrammarError("invalid", "$ref has to be a string.", { path });
		const absolute = resolveUri(reference, from.base);
		const [base = "", ...rest] = absolute.split("#");
		const fragment = rest.join("#");
		const resource = this.#resources.get(base);
		if (resource === undefined)
			throw new GrammarError(
				"unsupported",
				`The reference "${reference}" at ${path} leads out of this document, and nothing is fetched. Copy the schema it means into $defs and refer to it as "#/$defs/name".`,
				{ path },
			);
		const found =
			fragment === ""
				? resource
				: fragment.startsWith("/")
					? this.#walk(resource, fragment)
					: this.#anchors.get(`${base}#${fragment}`);
		if (found === undefined)
			throw new GrammarError(
				"invalid",
				`The reference "${reference}" at ${path} leads nowhere. Define what it names, for example under $defs.`,
				{ path },
			);
		return found;
	}

	#walk(resource: SchemaAt, fragment: string): SchemaAt | undefined {
		let value: unknown = resource.value;
		let { pointer, base } = resource;
		for (const part of fragment.slice(1).split("/")) {
			const name = decodeFragment(part)
				.replaceAll("~1", "/")
				.replaceAll("~0", "~");
			if (typeof value !== "object" || value === null) return undefined;
			if (!Object.hasOwn(value, name)) return undefined;
			value = (value as Record<string, unknown>)[name];
			pointer += pointerPart(name);
			if (isRecord(value)) base = this.#indexed.get(value)?.base ?? base;
		}
		return this.at(value, pointer, base);
	}

	#index(
		value: unknown,
		pointer: string,
		base: string,
		depth: number,
		isSchema: boolean,
	): SchemaAt {
		if (isSchema && typeof value !== "boolean" && !isRecord(value))
			throw new GrammarError(
				"invalid",
				`There has to be a schema at ${pointer || "the root"}: an object, true or false.`,
				{ path: pointer },
			);
		if (depth > maxDepth || this.#indexed.size > maxSchemas)
			throw new GrammarError(
				"too_large",
				`The schema is nested more than ${maxDepth} deep or has more than ${maxSchemas} parts. Send the part that this answer needs.`,
				{ path: pointer },
			);
		const schema = { value: value as SchemaAt["value"], pointer, base };
		if (!isRecord(value)) return schema;
		let own: SchemaAt = schema;
		if (isSchema) own = this.#identify(schema, value);
		this.#indexed.set(value, own);
		for (const [name, child] of Object.entries(value)) {
			if (isSchema && dataKeywords.has(name)) continue;
			const at = pointer + pointerPart(name);
			// What stands directly under `properties` and the like is a map of schemas: its "$id" is a property's name.
			if (isRecord(child)) {
				const isMap = isSchema && mapKeywords.has(name);
				this.#index(child, at, own.base, depth + 1, !isMap);
			} else if (Array.isArray(child))
				for (const [index, item] of child.entries())
					if (isRecord(item))
						this.#index(item, `${at}/${index}`, own.base, depth + 1, true);
		}
		return own;
	}

	#identify(schema: SchemaAt, value: Record<string, unknown>): SchemaAt {
		let own = schema;
		const isSibling = this.isRefAlone && "$ref" in value;
		const id = value.$id ?? (this.isRefAlone ? value.id : undefined);
		if (typeof id === "string" && !isSibling) {
			const [base = "", fragment = ""] = resolveUri(id, schema.base).split("#");
			own = { ...schema, base };
			if (!this.#resources.has(base)) this.#resources.set(base, own);
			if (fragment !== "") this.#anchors.set(`${base}#${fragment}`, own);
		}
		for (const keyword of ["$anchor", "$dynamicAnchor"] as const) {
			const anchor = value[keyword];
			if (typeof anchor === "string")
				this.#anchors.set(`${own.base}#${anchor}`, own);
		}
		return own;
	}
}

const mapKeywords = new Set([
	"properties",
	"patternProperties",
	"$defs",
	"definitions",
	"dependentSchemas",
	"dependencies",
]);

export function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function pointerPart(part: string | number): string {
	return `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

function resolveUri(reference: string, base: string): string {
	if (reference.startsWith("#")) return base + reference;
	if (URL.canParse(reference, base)) return new URL(reference, base).href;
	return reference;
}

function decodeFragment(part: string): string {
	return /%(?![0-9A-Fa-f]{2})/.test(part) ? part : decodeURIComponent(part);
}
