import { onlyRow } from "../../store/database.ts";
import type { LateDatabase } from "../late-database.ts";

/** A gateway that says nothing for so long has gone, and what it held is free. */
export const slotSeconds = 15;

/** Places for requests that run, which gateways share. */
export interface SlotStore {
	/** Holds `wanted` places in all, or as many of them as others leave, and resolves how many. */
	hold(subject: string, limit: number, wanted: number): Promise<number>;
	/** Says that this gateway is still there. */
	renew(): Promise<void>;
}

/** Where nobody else opens the database, this gateway has all places. */
export class DatabaseSlots implements SlotStore {
	readonly #database: LateDatabase;
	readonly #gateway: string;

	constructor(database: LateDatabase, gateway: string) {
		this.#database = database;
		this.#gateway = gateway;
	}

	async hold(subject: string, limit: number, wanted: number): Promise<number> {
		const database = await this.#database.get();
		if (database.kind === "embedded") return Math.min(limit, wanted);
		return database.transaction(async (transaction) => {
			// Two gateways that count at the same time would both find the last place free.
			await transaction.query(
				"select pg_advisory_xact_lock(hashtextextended('slots ' || $1, 0))",
				[subject],
			);
			const { held } = onlyRow(
				await transaction.query<{ held: number }>(
					`insert into limit_slots (subject, gateway, held, expires_at)
					select $1, $2, greatest(0, least($4::integer, $3::integer - coalesce(sum(held), 0)::integer)), clock_timestamp() + make_interval(secs => $5)
					from limit_slots where subject = $1 and gateway <> $2 and expires_at > clock_timestamp()
					on conflict (subject, gateway) do update set held = excluded.held, expires_at = excluded.expires_at
					returning held`,
					[subject, this.#gateway, limit, wanted, slotSeconds],
				),
			);
			return held;
		});
	}

	async renew(): Promise<void> {
		const database = await this.#database.get();
		if (database.kind === "embedded") return;
		await database.query(
			"update limit_slots set expires_at = clock_timestamp() + make_interval(secs => $2) where gateway = $1",
			[this.#gateway, slotSeconds],
		);
		await database.query(
			"delete from limit_slots where expires_at < clock_timestamp() - interval '1 hour'",
		);
	}

	/** When this gateway ends. */
	async release(): Promise<void> {
		const database = await this.#database.get();
		if (database.kind === "embedded") return;
		await database.query("delete from limit_slots where gateway = $1", [
			this.#gateway,
		]);
	}
}
