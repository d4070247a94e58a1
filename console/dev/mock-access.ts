import type { ApiKey, UsageRow } from "../src/api/access-types.ts";
import { Chance } from "./chance.ts";

const day = 86_400_000;
const ago = (days: number) => new Date(Date.now() - days * day).toISOString();

export function mockKeys(): ApiKey[] {
	const key = (id: string, name: string, change: Partial<ApiKey>): ApiKey => ({
		id,
		name,
		prefix: `gk_${id}`,
		tenant: "default",
		scopes: ["inference"],
		models: null,
		limits: null,
		createdAt: ago(40),
		expiresAt: null,
		lastUsedAt: ago(0.02),
		revokedAt: null,
		...change,
	});
	return [
		key("k1f3", "rag-chatbot", {
			limits: { tokensPerMinute: 60_000, concurrency: 8 },
		}),
		key("k2ab", "support-bot", {
			models: ["starter-*"],
			limits: { requestsPerMinute: 120, spendUsd: 50 },
		}),
		key("k3c9", "dashboards", { scopes: ["read"], lastUsedAt: ago(2) }),
		key("k4e7", "ada", {
			scopes: ["inference", "read", "admin"],
			expiresAt: ago(-30),
		}),
		key("k5d0", "trial", { revokedAt: ago(3), lastUsedAt: ago(9) }),
	];
}

export function mockUsage(query: URLSearchParams): UsageRow[] {
	const from = Date.parse(query.get("from") ?? ago(7));
	const to = Date.parse(query.get("to") ?? ago(0));
	const isDaily = (query.get("by") ?? "").includes("day");
	const step = isDaily ? day : 3_600_000;
	const chance = new Chance(3);
	const rows: UsageRow[] = [];
	for (let at = Math.ceil(from / step) * step; at < to; at += step) {
		const hour = new Date(at).getUTCHours();
		const busy = isDaily
			? 14
			: 0.3 + Math.max(0, Math.sin(((hour - 6) / 24) * 2 * Math.PI));
		for (const [keyName, model, weight] of [
			["rag-chatbot", "starter-chat", 60],
			["rag-chatbot", "starter-embed", 90],
			["support-bot", "starter-chat", 25],
			["ada", "harbour-1-7.6b", 8],
		] as const) {
			const requests = Math.round(weight * busy * (0.6 + chance.next() * 0.8));
			const promptTokens = requests * (model === "starter-embed" ? 210 : 840);
			rows.push({
				key: keyName,
				keyName,
				model,
				[isDaily ? "day" : "hour"]: new Date(at).toISOString(),
				requests,
				errors: chance.next() > 0.9 ? 1 : 0,
				promptTokens,
				cachedTokens: Math.round(promptTokens * 0.55),
				completionTokens: model === "starter-embed" ? 0 : requests * 130,
				seconds: requests * 1.2,
				costUsd:
					model === "harbour-1-7.6b" ? requests * 0.002 : requests * 0.0001,
			});
		}
	}
	return rows;
}
