import { GalleyError } from "../../core/errors.ts";
import { type Database, onlyRow } from "../database.ts";
import { cleanText } from "./clean-text.ts";
import { requireId } from "./collections.ts";
import type { Principal } from "./principal.ts";

export interface Conversation {
	id: string;
	title: string;
	createdAt: Date;
	updatedAt: Date;
}

export interface Message {
	id: string;
	role: "system" | "user" | "assistant";
	content: string;
	/** Citations, timings, settings: what the application keeps with it. */
	details: Record<string, unknown>;
	/** Of the one who asks, and what it said of it. */
	rating: -1 | 1 | null;
	comment: string | null;
	createdAt: Date;
}

export interface NewMessage {
	role: Message["role"];
	content: string;
	details?: Record<string, unknown>;
}

const columns = `id, title, created_at as "createdAt", updated_at as "updatedAt"`;

/** Conversations belong to who began them and are never shared. */
export class Conversations {
	readonly #database: Database;

	constructor(database: Database) {
		this.#database = database;
	}

	async create(principal: Principal, title = ""): Promise<Conversation> {
		return onlyRow(
			await this.#database.query<Conversation>(
				`insert into conversations (owner, title) values ($1, $2) returning ${columns}`,
				[principal.id, cleanText(title)],
			),
		);
	}

	/** The latest first. */
	list(principal: Principal, limit = 100): Promise<Conversation[]> {
		return this.#database.query<Conversation>(
			`select ${columns} from conversations where owner = $1 order by updated_at desc, id limit $2::int`,
			[principal.id, limit],
		);
	}

	async get(principal: Principal, id: string): Promise<Conversation> {
		const [conversation] = await this.#database.query<Conversation>(
			`select ${columns} from conversations where id = $2::uuid and owner = $1`,
			[principal.id, requireId(id, "conversation")],
		);
		if (conversation === undefined) throw notFound(id);
		return conversation;
	}

	async rename(
		principal: Principal,
		id: string,
		title: string,
	): Promise<Conversation> {
		const [conversation] = await this.#database.query<Conversation>(
			`update conversations set title = $3 where id = $2::uuid and owner = $1 returning ${columns}`,
			[principal.id, requireId(id, "conversation"), cleanText(title)],
		);
		if (conversation === undefined) throw notFound(id);
		return conversation;
	}

	async remove(principal: Principal, id: string): Promise<void> {
		const rows = await this.#database.query(
			"delete from conversations where id = $2::uuid and owner = $1 returning id",
			[principal.id, requireId(id, "conversation")],
		);
		if (rows.length === 0) throw notFound(id);
	}

	/** In order; with `limit` the last ones. */
	async messages(
		principal: Principal,
		id: string,
		limit = 1000,
	): Promise<Message[]> {
		const owned = await this.#database.query(
			"select 1 from conversations where id = $2::uuid and owner = $1",
			[principal.id, requireId(id, "conversation")],
		);
		if (owned.length === 0) throw notFound(id);
		return this.#database.query<Message>(
			`select * from (
				select m.id, m.role, m.content, m.details, m.created_at as "createdAt", m.ordinal, f.rating, f.comment
				from messages m join conversations v on v.id = m.conversation_id and v.owner = $1
				left join feedback f on f.message_id = m.id and f.author = $1
				where v.id = $2::uuid order by m.ordinal desc limit $3::int
			) latest order by ordinal`,
			[principal.id, id, limit],
		);
	}

	/** All or none of them: a question without its answer is not kept by accident. Returns their ids. */
	async append(
		principal: Principal,
		id: string,
		messages: readonly NewMessage[],
	): Promise<string[]> {
		return this.#database.transaction(async (transaction) => {
			const owned = await transaction.query(
				"update conversations set updated_at = now() where id = $2::uuid and owner = $1 returning id",
				[principal.id, requireId(id, "conversation")],
			);
			if (owned.length === 0) throw notFound(id);
			const ids: string[] = [];
			for (const { role, content, details = {} } of messages) {
				const rows = await transaction.query<{ id: string }>(
					`insert into messages (conversation_id, ordinal, role, content, details)
					select $1::uuid, coalesce(max(ordinal) + 1, 0), $2, $3, $4::jsonb from messages where conversation_id = $1::uuid
					returning id`,
					[id, role, cleanText(content), JSON.stringify(details)],
				);
				ids.push(onlyRow(rows).id);
			}
			return ids;
		});
	}

	/** Replaces what the same principal said of the message before; null takes it back. */
	async rate(
		principal: Principal,
		messageId: string,
		rating: -1 | 1 | null,
		comment = "",
	): Promise<void> {
		if (rating === null) return this.#unrate(principal, messageId);
		const rows = await this.#database.query(
			`insert into feedback (message_id, author, rating, comment)
			select m.id, $1, $3::smallint, $4 from messages m join conversations v on v.id = m.conversation_id and v.owner = $1
			where m.id = $2::uuid
			on conflict (message_id, author) do update set rating = excluded.rating, comment = excluded.comment, created_at = now()
			returning message_id`,
			[
				principal.id,
				requireId(messageId, "message"),
				rating,
				cleanText(comment),
			],
		);
		if (rows.length === 0) throw noMessage(messageId);
	}

	async #unrate(principal: Principal, messageId: string): Promise<void> {
		const rows = await this.#database.query(
			`with own as (
				select m.id from messages m join conversations v on v.id = m.conversation_id and v.owner = $1 where m.id = $2::uuid
			), gone as (delete from feedback f using own where f.message_id = own.id and f.author = $1)
			select id from own`,
			[principal.id, requireId(messageId, "message")],
		);
		if (rows.length === 0) throw noMessage(messageId);
	}
}

function noMessage(id: string): GalleyError {
	return new GalleyError(
		"not_found",
		`There is no message ${id}, or it isn't this key's.`,
	);
}

function notFound(id: string): GalleyError {
	return new GalleyError(
		"not_found",
		`There is no conversation ${id}, or it isn't this key's.`,
	);
}
