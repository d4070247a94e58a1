import type { RequestedAdapter } from "../adapters/adapter-file.ts";

/** Sequences with the same key can be computed in one step; empty is the base model alone. */
export function combinationKey(adapters: readonly RequestedAdapter[]): string {
	return adapters
		.map(({ file, scale }) => `${file.id}*${scale}`)
		.sort()
		.join("+");
}

/**
 * Where a request's prefixes may be shared: among requests with the same adapters and the same salt. Without adapters it is
 * the salt, which clients choose: one that looks like something else is marked, so that no client can write another's namespace.
 */
export function prefixNamespace(key: string, salt: string): string {
	if (key !== "") return `lora ${key} ${salt}`;
	return /^(lora|salt) /.test(salt) ? `salt ${salt}` : salt;
}
