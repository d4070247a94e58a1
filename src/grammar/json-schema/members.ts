import { allOfNodes, type Node } from "./node.ts";
import type { ArrayPiece, ObjectPiece } from "./value-set.ts";

/** What the value of the property `key` has to be. */
export function memberNode(piece: ObjectPiece, key: string): Node {
	return allOfNodes(
		piece.atoms.flatMap(({ properties, patterns, additional }) => {
			const own = properties.get(key);
			const nodes = patterns
				.filter(({ keys }) => keys.accepts(key))
				.map(({ node }) => node);
			if (own !== undefined) nodes.push(own);
			return nodes.length === 0 ? [additional] : nodes;
		}),
	);
}

/** What the item at `index` has to be. */
export function itemNode(piece: ArrayPiece, index: number): Node {
	return allOfNodes(
		piece.atoms.map(({ prefix, rest }) => prefix[index] ?? rest),
	);
}
