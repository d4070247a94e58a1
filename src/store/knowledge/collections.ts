import { GalleyError } from "../../core/errors.ts";
import { type Database, onlyRow, type Queryable } from "../database.ts";
import { sqlStateOf, sqlStates } from "../database-error.ts";
import { cleanText } from "./clean-text.ts";
import {
	mayManage,
	mayRead,
	mayWrite,
	namesOf,
	type Principal,
} from "./principal.ts";
import { ensureVectorIndex, maxDimensions } from "./vector-index.ts";

export interface Collection {
	id: string;
	owner: string;
	name: string;
	description: string;
	/** A text search configuration of PostgreSQL: `english`, `german` ... or `simple` for no stemming. */
	language: string;
	/** Vectors of one collection come from one model. */
	embeddingModel: string;
	dimensions: number;
	documentCount: number;
	chunkCount: number;
	createdAt: Date;
	updatedAt: Date;
	/** What the one who asked may do. */
	role: "owner" | "writer" | "reader";
}

export interface NewCollection {
	name: string;
	description?: string;
	language?: string;
	embeddingModel: string;
	dimensions: number;
}

export interface Grant {
	/** A principal's id or group, or `*` for everybody. */
	grantee: string;
	role: "reader" | "writer";
}

/** Documents deleted in one transaction; others wait that long. */
const removalBatch = 16;

const columns = (names: string) => `
	c.id, c.owner, c.name, c.description, c.language, c.embedding_model as "embeddingModel", c.dimensions,
	c.document_count as "documentCount", c.chunk_count as "chunkCount",
	c.created_at as "createdAt", c.updated_at as "updatedAt",
	case when c.owner = any(${names}::text[]) then 'owner' when ${mayWrite("c", names)} then 'writer' else 'reader' end as role`;

export class Collections {
	readonly #database: Database;

	constructor(database: Database) {
		this.#database = database;
	}

	async create(
		principal: Principal,
		wanted: NewCollection,
	): Promise<Collection> {
		const { dimensions, language = "english" } = wanted;
		const name = nameOf(wanted.name);
		if (
			!Number.isInteger(dimensions) ||
			dimensions < 1 ||
			dimensions > maxDimensions
		)
			throw invalid(
				"dimensions",
				`Vectors may have 1 to ${maxDimensions} dimensions. Ask the embedding model for fewer.`,
			);
		return this.#database.transaction(async (transaction) => {
			await requireLanguage(transaction, language);
			await ensureVectorIndex(transaction, dimensions);
			const rows = await transaction
				.query<{ id: string }>(
					`insert into collections (owner, name, description, language, embedding_model, dimensions)
					values ($1, $2, $3, $4, $5, $6) returning id`,
					[
						principal.id,
						name,
						cleanText(wanted.description ?? ""),
						language,
						wanted.embeddingModel,
						dimensions,
					],
				)
				.catch((error: unknown) => rejectName(error, name));
			return readCollection(transaction, principal, onlyRow(rows).id);
		});
	}

	/** Those that the principal may read, by name. */
	list(principal: Principal): Promise<Collection[]> {
		return this.#database.query<Collection>(
			`select ${columns("$1")} from collections c where ${mayRead("c", "$1")} order by c.name, c.id`,
			[namesOf(principal)],
		);
	}

	get(principal: Principal, id: string): Promise<Collection> {
		return readCollection(this.#database, principal, id);
	}

	async update(
		principal: Principal,
		id: string,
		change: { name?: string; description?: string },
	): Promise<Collection> {
		await this.#requireManage(principal, id);
		const name = change.name === undefined ? null : nameOf(change.name);
		const { description } = change;
		await this.#database
			.query(
				`update collections c set name = coalesce($3, name), description = coalesce($4, description), updated_at = now()
				where c.id = $2::uuid and ${mayManage("c", "$1")}`,
				[
					namesOf(principal),
					id,
					name,
					description === undefined ? null : cleanText(description),
				],
			)
			.catch((error: unknown) => rejectName(error, name ?? ""));
		return this.get(principal, id);
	}

	async grants(principal: Principal, id: string): Promise<Grant[]> {
		await this.#requireManage(principal, id);
		return this.#database.query<Grant>(
			`select g.grantee, g.role from collection_grants g join collections c on c.id = g.collection_id
			where c.id = $2::uuid and ${mayManage("c", "$1")} order by g.grantee`,
			[namesOf(principal), id],
		);
	}

	async grant(
		principal: Principal,
		id: string,
		{ grantee, role }: Grant,
	): Promise<void> {
		await this.#requireManage(principal, id);
		await this.#database.query(
			`insert into collection_grants (collection_id, grantee, role)
			select c.id, $3, $4 from collections c where c.id = $2::uuid and ${mayManage("c", "$1")}
			on conflict (collection_id, grantee) do update set role = excluded.role`,
			[namesOf(principal), id, grantee, role],
		);
	}

	async revoke(
		principal: Principal,
		id: string,
		grantee: string,
	): Promise<void> {
		await this.#requireManage(principal, id);
		await this.#database.query(
			`delete from collection_grants g using collections c
			where c.id = g.collection_id and c.id = $2::uuid and g.grantee = $3 and ${mayManage("c", "$1")}`,
			[namesOf(principal), id, grantee],
		);
	}

	/** Nobody sees it from the first moment on; what is in it goes in small steps. */
	async remove(principal: Principal, id: string): Promise<void> {
		const rows = await this.#database.query(
			`update collections c set is_removed = true where c.id = $2::uuid and ${mayManage("c", "$1")} returning c.id`,
			[namesOf(principal), requireId(id)],
		);
		if (rows.length === 0) await this.#requireManage(principal, id);
		else await this.finishRemoval(id);
	}

	/** Also for what a stopped process began: see KnowledgeBase. */
	async finishRemoval(id: string): Promise<void> {
		for (;;) {
			const rows = await this.#database.query(
				`delete from documents where id in (select id from documents where collection_id = $1::uuid limit ${removalBatch}) returning id`,
				[id],
			);
			if (rows.length === 0) break;
		}
		await this.#database.query(
			"delete from collections where id = $1::uuid and is_removed",
			[id],
		);
	}

	async #requireManage(principal: Principal, id: string): Promise<void> {
		const { role } = await this.get(principal, id);
		if (role !== "owner")
			throw new GalleyError(
				"permission_denied",
				"Only the owner of a collection may do that.",
			);
	}
}

/** A collection that may not be read doesn't exist for those who ask. */
async function readCollection(
	database: Queryable,
	principal: Principal,
	id: string,
): Promise<Collection> {
	const [collection] = await database.query<Collection>(
		`select ${columns("$1")} from collections c where c.id = $2::uuid and ${mayRead("c", "$1")}`,
		[namesOf(principal), requireId(id)],
	);
	if (collection === undefined) throw collectionNotFound(id);
	return collection;
}

async function requireLanguage(database: Queryable, language: string) {
	const known = await database.query<{ name: string }>(
		"select cfgname::text as name from pg_ts_config order by cfgname",
	);
	if (!known.some(({ name }) => name === language))
		throw invalid(
			"language",
			`"${language}" isn't a language of the text search; known: ${known.map(({ name }) => name).join(", ")}.`,
		);
}

export function collectionNotFound(id: string): GalleyError {
	return new GalleyError(
		"not_found",
		`There is no collection ${id}, or this key may not read it.`,
	);
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Ids that aren't UUIDs name nothing; PostgreSQL would answer with an error of its own. */
export function requireId(id: string, what = "collection"): string {
	if (!uuid.test(id))
		throw new GalleyError("not_found", `There is no ${what} ${id}.`);
	return id;
}

function nameOf(given: string): string {
	const name = cleanText(given).trim();
	if (name === "" || name.length > 200)
		throw invalid("name", "A collection needs a name of 1 to 200 characters.");
	return name;
}

function rejectName(error: unknown, name: string): never {
	if (sqlStateOf(error) === sqlStates.uniqueViolation)
		throw invalid(
			"name",
			`There is a collection "${name}" already. Choose another name.`,
		);
	throw error;
}

function invalid(param: string, message: string): GalleyError {
	return new GalleyError("invalid_request", message, { param });
}
