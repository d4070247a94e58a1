import type { SqlValue } from "../../store/index.ts";
import type { LateDatabase } from "../late-database.ts";

export const usageDimensions = [
	"key",
	"model",
	"tenant",
	"day",
	"hour",
] as const;
export type UsageDimension = (typeof usageDimensions)[number];

export interface UsageQuestion {
	/** Whole hours. */
	from: Date;
	to: Date;
	by: readonly UsageDimension[];
	/** Only this key's; null is all. */
	key: string | null;
}

export interface ReportRow {
	key?: string;
	keyName?: string;
	model?: string;
	tenant?: string;
	day?: string;
	hour?: string;
	requests: number;
	errors: number;
	promptTokens: number;
	cachedTokens: number;
	completionTokens: number;
	/** Requests whose tokens are estimated. */
	estimated: number;
	seconds: number;
	costUsd: number | null;
}

const groups: Record<UsageDimension, string> = {
	key: "u.key_id",
	model: "u.model",
	tenant: "u.tenant",
	day: `to_char(u.hour at time zone 'UTC', 'YYYY-MM-DD')`,
	hour: `to_char(u.hour at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`,
};

/** Sums in the database, a row for each of what is asked for; one row in all where nothing is. */
export async function readUsageReport(
	source: LateDatabase,
	{ from, to, by, key }: UsageQuestion,
): Promise<ReportRow[]> {
	const database = await source.get();
	const names = by.flatMap((dimension) => [
		`${groups[dimension]} as "${dimension}"`,
		...(dimension === "key"
			? [`max(coalesce(k.name, u.key_name)) as "keyName"`]
			: []),
	]);
	const expressions = by.map((dimension) => groups[dimension]);
	const count = (column: string, name: string) =>
		`coalesce(sum(u.${column}), 0)::double precision as "${name}"`;
	const parameters: SqlValue[] = [from, to, key];
	return database.query<ReportRow>(
		`select ${[
			...names,
			count("requests", "requests"),
			count("errors", "errors"),
			count("prompt_tokens", "promptTokens"),
			count("cached_tokens", "cachedTokens"),
			count("completion_tokens", "completionTokens"),
			count("estimated", "estimated"),
			count("seconds", "seconds"),
			`sum(u.cost_usd) as "costUsd"`,
		].join(", ")}
		from usage_hours u left join api_keys k on k.id = u.key_id
		where u.hour >= $1::timestamptz and u.hour < $2::timestamptz and ($3::text is null or u.key_id = $3::text)
		${expressions.length === 0 ? "" : `group by ${expressions.join(", ")} order by ${expressions.join(", ")}`}
		limit 100000`,
		parameters,
	);
}

/** RFC 4180. */
export function toUsageCsv(
	rows: readonly ReportRow[],
	by: readonly UsageDimension[],
): string {
	const columns: (keyof ReportRow)[] = [
		...by.flatMap((dimension): (keyof ReportRow)[] =>
			dimension === "key" ? ["key", "keyName"] : [dimension],
		),
		"requests",
		"errors",
		"promptTokens",
		"cachedTokens",
		"completionTokens",
		"estimated",
		"seconds",
		"costUsd",
	];
	const lines = rows.map((row) => columns.map((column) => toCell(row[column])));
	return [columns, ...lines].map((cells) => `${cells.join(",")}\r\n`).join("");
}

function toCell(value: string | number | null | undefined): string {
	if (value === null || value === undefined) return "";
	if (typeof value === "number") return String(value);
	// A spreadsheet takes these for formulas; names come from people.
	const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
	return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
