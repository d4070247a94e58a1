import { z } from "zod";
import { GalleyError } from "../../core/errors.ts";
import type { Principal } from "../access/principal.ts";
import type { LateDatabase } from "../late-database.ts";
import type { UsageLedger } from "../usage/usage-ledger.ts";
import {
	readUsageReport,
	toUsageCsv,
	type UsageDimension,
	usageDimensions,
} from "../usage/usage-report.ts";
import { checkedRequest } from "./checked-request.ts";
import type { OwnRoute } from "./own-route.ts";

export interface UsageRouteParts {
	database: LateDatabase;
	ledger: Pick<UsageLedger, "flush">;
	now?: () => number;
}

const time = z
	.string()
	.refine(
		(text) => !Number.isNaN(Date.parse(text)),
		"not a time such as 2026-11-23 or 2026-11-23T07:00:00Z",
	);

const question = z.strictObject({
	from: time.optional().describe("Whole hours; 30 days ago where left out."),
	to: time.optional().describe("Now where left out."),
	by: z
		.string()
		.default("model")
		.describe(`Some of ${usageDimensions.join(", ")}, with commas between.`),
	format: z.enum(["json", "csv"]).default("json"),
	key: z.string().optional().describe("Only the key's with this id."),
});

const monthMs = 30 * 86_400_000;
const hourMs = 3_600_000;

/** What was used: by key, model, tenant, day and hour. Keys without the scope `admin` see their own. */
export function usageRoutes({
	database,
	ledger,
	now = Date.now,
}: UsageRouteParts): OwnRoute[] {
	return [
		{
			method: "GET",
			path: "/v1/usage",
			scope: "read",
			summary: "What was used: requests, tokens, time and cost",
			details: {
				query: question,
				returns: "{from, to, by, rows}, or CSV with format=csv.",
			},
			async answer({ url, principal }) {
				const asked = checkedRequest(
					question,
					Object.fromEntries(url.searchParams),
				);
				const by = dimensionsOf(asked.by);
				const to = wholeHour(asked.to, now(), Math.ceil);
				const from = wholeHour(asked.from, to.getTime() - monthMs, Math.floor);
				if (from >= to)
					throw new GalleyError("invalid_request", "'from' is before 'to'.", {
						param: "from",
					});
				// What is on its way is counted too; when it can't get there, the answer is a little older.
				await ledger.flush().catch(() => undefined);
				const rows = await readUsageReport(database, {
					from,
					to,
					by,
					key: visibleKey(principal, asked.key ?? null),
				});
				if (asked.format === "csv")
					return {
						content: toUsageCsv(rows, by),
						contentType: "text/csv; charset=utf-8",
						headers: {
							"content-disposition": 'attachment; filename="usage.csv"',
						},
					};
				return {
					body: { from: from.toISOString(), to: to.toISOString(), by, rows },
				};
			},
		},
	];
}

function dimensionsOf(text: string): UsageDimension[] {
	const names = text.split(",").map((name) => name.trim());
	const wrong = names.find(
		(name) => name !== "" && !usageDimensions.includes(name as UsageDimension),
	);
	if (wrong !== undefined)
		throw new GalleyError(
			"invalid_request",
			`'by' is some of ${usageDimensions.join(", ")}, with commas between; '${wrong}' is none of them.`,
			{ param: "by" },
		);
	return [...new Set(names.filter((name) => name !== ""))] as UsageDimension[];
}

function wholeHour(
	text: string | undefined,
	otherwise: number,
	round: (hours: number) => number,
): Date {
	const ms = text === undefined ? otherwise : Date.parse(text);
	return new Date(round(ms / hourMs) * hourMs);
}

function visibleKey(
	principal: Principal | null,
	asked: string | null,
): string | null {
	if (principal === null || principal.scopes.includes("admin")) return asked;
	const own = principal.keyId ?? principal.name;
	if (asked === null || asked === own) return own;
	throw new GalleyError(
		"permission_denied",
		"This key sees its own usage only; another key's takes the scope 'admin'.",
		{ param: "key" },
	);
}
