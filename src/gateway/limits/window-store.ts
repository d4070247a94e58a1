import { onlyRow } from "../../store/database.ts";
import type { LateDatabase } from "../late-database.ts";

/** What a gateway wants of a window. */
export interface WindowAsk {
	/** `key:ID` or `tenant:NAME` */
	subject: string;
	kind: string;
	startsAt: number;
	/** Of all gateways together. */
	limit: number;
	/** For requests that wait. */
	need: number;
	/** For those to come; at most an eighth of what is left then, so that no gateway sits on what others need. */
	ahead: number;
	/** Used already without a grant, or, when negative, given back: taken as it is. */
	settled: number;
}

export interface WindowGrant {
	/** `settled` included. */
	granted: number;
	/** Of all gateways together, this grant included. */
	taken: number;
}

/** Windows that all gateways share. */
export interface WindowStore {
	ask(ask: WindowAsk): Promise<WindowGrant>;
}

/** The whole decision, for a window of which `taken` is gone. Also written in SQL below: there it is atomic. */
export function grantOf(
	taken: number,
	{
		limit,
		need,
		ahead,
		settled,
	}: Omit<WindowAsk, "subject" | "kind" | "startsAt">,
): number {
	const room = Math.max(limit - taken - settled, 0);
	const forLater = Math.min(ahead, Math.floor(Math.max(room - need, 0) / 8));
	return settled + Math.min(room, need + forLater);
}

const sqlGrant = (taken: string) => {
	const room = `greatest($4::float8 - ${taken} - $7::float8, 0)`;
	return `$7::float8 + least(${room}, $5::float8 + least($6::float8, floor(greatest(${room} - $5::float8, 0) / 8)))`;
};

/** One statement, which locks one row: gateways can't take the same twice, and can't wait for each other in a circle. */
const askStatement = `
insert into limit_windows as known (subject, kind, starts_at, taken, last_grant)
values ($1, $2, $3::bigint, ${sqlGrant("0")}, ${sqlGrant("0")})
on conflict (subject, kind, starts_at) do update set
	taken = known.taken + ${sqlGrant("known.taken")},
	last_grant = ${sqlGrant("known.taken")}
returning last_grant as granted, taken`;

export class DatabaseWindows implements WindowStore {
	readonly #database: LateDatabase;

	constructor(database: LateDatabase) {
		this.#database = database;
	}

	async ask(ask: WindowAsk): Promise<WindowGrant> {
		const database = await this.#database.get();
		return onlyRow(
			await database.query<WindowGrant>(askStatement, [
				ask.subject,
				ask.kind,
				ask.startsAt,
				ask.limit,
				ask.need,
				ask.ahead,
				ask.settled,
			]),
		);
	}

	/** Windows that are long over. */
	async forget(nowMs: number): Promise<void> {
		const database = await this.#database.get();
		await database.query(
			"delete from limit_windows where starts_at < $1::bigint",
			[Math.floor(nowMs / 1000) - 2 * 86_400],
		);
	}
}
