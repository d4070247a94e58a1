import type { KnowledgeBase, Principal } from "galley/store";
import { ApiError } from "./api-error.ts";

/** Throws when the collection isn't there for the caller, or is there to read only. */
export async function requireWrite(
	base: KnowledgeBase,
	principal: Principal,
	collectionId: string,
): Promise<void> {
	const { role } = await base.collections.get(principal, collectionId);
	if (role === "reader")
		throw new ApiError(
			"permission_denied",
			"This key may read the collection but not write to it.",
		);
}

/** Collections that the caller named must be there; null stays all that may be read. */
export async function requireReadable(
	base: KnowledgeBase,
	principal: Principal,
	ids: readonly string[] | null,
): Promise<void> {
	if (ids === null) return;
	await Promise.all(ids.map((id) => base.collections.get(principal, id)));
}
