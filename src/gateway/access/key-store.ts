import { randomBytes } from "node:crypto";
import { GalleyError } from "../../core/errors.ts";
import type { SqlRow, SqlValue } from "../../store/index.ts";
import type { LateDatabase } from "../late-database.ts";
import type { Limits } from "../limits/limits.ts";
import type { ApiKey, StoredKey } from "./api-key.ts";
import { createSecret, hashOfSecret, prefixOfSecret } from "./key-secret.ts";
import type { Scope } from "./principal.ts";

export interface KeySettings {
	name: string;
	tenant: string;
	scopes: readonly Scope[];
	models: readonly string[] | null;
	limits: Limits;
	expiresAt: Date | null;
}

/** A secret is known to nobody but who reads this. */
export interface CreatedKey {
	key: StoredKey;
	secret: string;
}

/**
 * Rows that change are read by a statement's time stamp, and one that began earlier may end later: so much is read again. Longer
 * than any of these statements takes.
 */
const overlapSeconds = 10;

/** Keys in the database. */
export class KeyStore {
	readonly #database: LateDatabase;

	constructor(database: LateDatabase) {
		this.#database = database;
	}

	async create(settings: KeySettings): Promise<CreatedKey> {
		const secret = createSecret();
		const key = await this.#one(
			`insert into api_keys (id, prefix, secret_hash, name, tenant, scopes, models, limits, expires_at)
			values ($1, $2, $3, $4, $5, $6::text[], $7::text[], $8::jsonb, $9::timestamptz) returning *`,
			[
				`key_${randomBytes(8).toString("hex")}`,
				prefixOfSecret(secret),
				hashOfSecret(secret),
				...columns.map(({ value }) => value(settings)),
			],
		);
		return { key, secret };
	}

	async list(): Promise<StoredKey[]> {
		return this.#query("select * from api_keys order by created_at, id", []);
	}

	async get(id: string): Promise<StoredKey> {
		return this.#one("select * from api_keys where id = $1", [id], id);
	}

	async change(id: string, changes: Partial<KeySettings>): Promise<StoredKey> {
		const given = columns.filter(({ name }) => changes[name] !== undefined);
		const sets = given.map(({ sql }, index) => sql(`$${index + 2}`));
		return this.#one(
			`update api_keys set ${[...sets, "changed_at = clock_timestamp()"].join(", ")} where id = $1 returning *`,
			[id, ...given.map(({ value }) => value(changes))],
			id,
		);
	}

	/** The secret before is taken for so long; the one before that no more. */
	async rotate(id: string, overlap: number): Promise<CreatedKey> {
		const secret = createSecret();
		const [key] = await this.#query(
			`update api_keys set previous_hash = secret_hash,
				previous_expires_at = now() + make_interval(secs => $4),
				secret_hash = $2, prefix = $3, rotated_at = now(), changed_at = clock_timestamp()
			where id = $1 and revoked_at is null returning *`,
			[id, hashOfSecret(secret), prefixOfSecret(secret), overlap],
		);
		if (key !== undefined) return { key, secret };
		await this.get(id);
		throw new GalleyError(
			"conflict",
			`The key '${id}' is revoked; create another one.`,
		);
	}

	/** A second time changes nothing. */
	async revoke(id: string): Promise<StoredKey> {
		return this.#one(
			`update api_keys set revoked_at = coalesce(revoked_at, now()), changed_at = clock_timestamp()
			where id = $1 returning *`,
			[id],
			id,
		);
	}

	/** What may have changed since the newest change that is known; everything without one. */
	async changedSince(newest: Date | null): Promise<StoredKey[]> {
		return this.#query(
			"select * from api_keys where $1::timestamptz is null or changed_at > $1::timestamptz - make_interval(secs => $2)",
			[newest, overlapSeconds],
		);
	}

	/** Whether other processes change keys too. */
	async isShared(): Promise<boolean> {
		return (await this.#database.get()).kind === "server";
	}

	async #one(
		sql: string,
		parameters: readonly SqlValue[],
		id = "",
	): Promise<StoredKey> {
		const [key] = await this.#query(sql, parameters);
		if (key !== undefined) return key;
		throw new GalleyError(
			"not_found",
			`There is no key '${id}'. GET /v1/keys lists them.`,
			{ param: "id" },
		);
	}

	async #query(
		sql: string,
		parameters: readonly SqlValue[],
	): Promise<StoredKey[]> {
		const database = await this.#database.get();
		return (await database.query<SqlRow>(sql, parameters)).map(toKey);
	}
}

const listed = (values: readonly string[] | null = null) =>
	values === null ? null : [...values];

/** What an administrator sets. */
const columns: readonly {
	name: keyof KeySettings;
	sql(parameter: string): string;
	value(settings: Partial<KeySettings>): SqlValue;
}[] = [
	{
		name: "name",
		sql: (parameter) => `name = ${parameter}`,
		value: ({ name = "" }) => name,
	},
	{
		name: "tenant",
		sql: (parameter) => `tenant = ${parameter}`,
		value: ({ tenant = "" }) => tenant,
	},
	{
		name: "scopes",
		sql: (parameter) => `scopes = ${parameter}::text[]`,
		value: ({ scopes }) => listed(scopes),
	},
	{
		name: "models",
		sql: (parameter) => `models = ${parameter}::text[]`,
		value: ({ models }) => listed(models),
	},
	{
		name: "limits",
		sql: (parameter) => `limits = ${parameter}::jsonb`,
		value: ({ limits }) => JSON.stringify(limits ?? {}),
	},
	{
		name: "expiresAt",
		sql: (parameter) => `expires_at = ${parameter}::timestamptz`,
		value: ({ expiresAt = null }) => expiresAt,
	},
];

function toKey(row: SqlRow): StoredKey {
	const date = (value: unknown) => (value === null ? null : (value as Date));
	return {
		id: row.id as string,
		name: row.name as string,
		tenant: row.tenant as string,
		prefix: row.prefix as string,
		scopes: row.scopes as Scope[],
		models: row.models as string[] | null,
		limits: row.limits as Limits,
		createdAt: row.created_at as Date,
		expiresAt: date(row.expires_at),
		rotatedAt: date(row.rotated_at),
		revokedAt: date(row.revoked_at),
		lastUsedAt: date(row.last_used_at),
		previousExpiresAt: date(row.previous_expires_at),
		secretHash: row.secret_hash as string,
		previousHash: row.previous_hash as string | null,
		changedAt: row.changed_at as Date,
	};
}

/** What may be shown. */
export function withoutSecrets(key: StoredKey): ApiKey {
	const { secretHash: _, previousHash: __, changedAt: ___, ...shown } = key;
	return shown;
}
