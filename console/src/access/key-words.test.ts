import { expect, test } from "vitest";
import type { ApiKey } from "../api/access-types.ts";
import { isLastAdmin, revokeConsequence } from "./key-words.ts";

const now = Date.parse("2026-11-23T12:00:00Z");

function key(id: string, change: Partial<ApiKey> = {}): ApiKey {
	return {
		id,
		name: id,
		prefix: "gk_",
		tenant: "default",
		scopes: ["inference", "admin"],
		models: null,
		limits: null,
		createdAt: "2026-11-01T00:00:00Z",
		expiresAt: null,
		lastUsedAt: null,
		revokedAt: null,
		...change,
	};
}

test("who revokes the last key that may administer is told first how another is made", () => {
	const only = key("only");
	const app = key("app", { scopes: ["inference"] });
	const gone = key("gone", { revokedAt: "2026-11-02T00:00:00Z" });
	const over = key("over", { expiresAt: "2026-11-02T00:00:00Z" });
	const others = [only, app, gone, over];
	expect(isLastAdmin(only, others, now)).toBe(true);
	expect(isLastAdmin(app, others, now)).toBe(false);
	expect(isLastAdmin(only, [...others, key("second")], now)).toBe(false);
	expect(revokeConsequence(only, others, now)).toContain("galley keys create");
	expect(revokeConsequence(app, others, now)).not.toContain("galley");
});
