/** A schema and where it stands. */
export interface SchemaAt {
	/** `true`, `false` or the keywords. */
	readonly value: boolean | Readonly<Record<string, unknown>>;
	/** JSON pointer into the whole document; the identity of the schema. */
	readonly pointer: string;
	/** What relative references are resolved against. */
	readonly base: string;
}

/** All of these schemas hold, or do not hold, at once. Two nodes with one key mean the same. */
export interface Node {
	readonly key: string;
	readonly literals: readonly {
		readonly schema: SchemaAt;
		readonly isNegated: boolean;
	}[];
}

export const everything: Node = { key: "", literals: [] };
export const nothing: Node = {
	key: "false",
	literals: [
		{ schema: { value: false, pointer: "false", base: "" }, isNegated: false },
	],
};

export function nodeOf(schema: SchemaAt, isNegated = false): Node {
	if (typeof schema.value === "boolean")
		return schema.value === isNegated ? nothing : everything;
	if (Object.keys(schema.value).length === 0)
		return isNegated ? nothing : everything;
	return {
		key: `${isNegated ? "-" : "+"}${schema.pointer}`,
		literals: [{ schema, isNegated }],
	};
}

export function allOfNodes(nodes: readonly Node[]): Node {
	const byKey = new Map<string, Node["literals"][number]>();
	for (const node of nodes) {
		if (node === nothing) return nothing;
		for (const literal of node.literals) {
			const sign = literal.isNegated ? "-" : "+";
			const opposite = literal.isNegated ? "+" : "-";
			if (byKey.has(opposite + literal.schema.pointer)) return nothing;
			byKey.set(sign + literal.schema.pointer, literal);
		}
	}
	if (byKey.size === 0) return everything;
	const keys = [...byKey.keys()].sort();
	return {
		key: keys.join("\n"),
		literals: keys.map((key) => byKey.get(key) as Node["literals"][number]),
	};
}

/** Null when it is the `not` of several schemas at once, which is no conjunction. */
export function notNode(node: Node): Node | null {
	if (node === nothing) return everything;
	if (node.literals.length === 0) return nothing;
	const [literal] = node.literals;
	if (node.literals.length > 1 || literal === undefined) return null;
	return nodeOf(literal.schema, !literal.isNegated);
}
