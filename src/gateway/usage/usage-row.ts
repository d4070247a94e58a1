/** What calls have used: one call, or all calls of an hour with the same key, tenant and model. */
export interface UsageRow {
	/** Its beginning: `2026-11-23T07:00:00.000Z`. */
	hour: string;
	/** The key's id, or whose name stands for those without: `environment`, `anybody`. */
	key: string;
	keyName: string;
	tenant: string;
	model: string;
	requests: number;
	errors: number;
	promptTokens: number;
	cachedTokens: number;
	completionTokens: number;
	/** Calls whose tokens weren't told by who answered. */
	estimated: number;
	/** Spent by calls, one beside the other. */
	seconds: number;
	/** US dollars; null where no price is known. */
	costUsd: number | null;
}

const hourMs = 3_600_000;

function hourOf(ms: number): string {
	return new Date(Math.floor(ms / hourMs) * hourMs).toISOString();
}

/** Tells the hour of moments that come one after the other: it is written once, not for each. */
export class HourTeller {
	#startsAt = Number.NaN;
	#text = "";

	of(ms: number): string {
		const isSame = ms >= this.#startsAt && ms < this.#startsAt + hourMs;
		if (!isSame) {
			this.#startsAt = Math.floor(ms / hourMs) * hourMs;
			this.#text = hourOf(ms);
		}
		return this.#text;
	}
}

/** The same for rows that are added up. */
export function idOfRow({ hour, key, tenant, model }: UsageRow): string {
	return `${hour}\n${key}\n${tenant}\n${model}`;
}

/** Rows of the same hour, key, tenant and model in one. */
export class UsageSum {
	readonly #rows = new Map<string, UsageRow>();

	add(row: UsageRow, id = idOfRow(row)): void {
		const sum = this.#rows.get(id);
		if (sum === undefined) {
			this.#rows.set(id, { ...row });
			return;
		}
		sum.keyName = row.keyName;
		sum.requests += row.requests;
		sum.errors += row.errors;
		sum.promptTokens += row.promptTokens;
		sum.cachedTokens += row.cachedTokens;
		sum.completionTokens += row.completionTokens;
		sum.estimated += row.estimated;
		sum.seconds += row.seconds;
		if (row.costUsd !== null) sum.costUsd = (sum.costUsd ?? 0) + row.costUsd;
	}

	get isEmpty(): boolean {
		return this.#rows.size === 0;
	}

	/** In an order of their own, so that gateways which write the same rows don't wait for each other in a circle. */
	rows(): UsageRow[] {
		return [...this.#rows]
			.sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0))
			.map(([, row]) => row);
	}
}

/** As lines of a file; one that a crash cut off is no row. */
export function writeRows(rows: readonly UsageRow[]): string {
	return rows.map((row) => `${JSON.stringify(row)}\n`).join("");
}

export function readRows(text: string): { rows: UsageRow[]; damaged: number } {
	const lines = text.split("\n");
	// Behind the last line end: nothing, or the beginning of a row.
	lines.pop();
	const rows: UsageRow[] = [];
	let damaged = 0;
	for (const line of lines) {
		const row = readRow(line);
		if (row === null) damaged++;
		else rows.push(row);
	}
	return { rows, damaged };
}

function readRow(line: string): UsageRow | null {
	try {
		const row = JSON.parse(line) as UsageRow;
		const isRow =
			typeof row.hour === "string" &&
			typeof row.key === "string" &&
			Number.isFinite(row.requests) &&
			Number.isFinite(row.promptTokens);
		return isRow ? row : null;
	} catch {
		// A disk that was full, or a power cut in the middle of a page.
		return null;
	}
}
