import type { SqlRow, SqlValue } from "../database.ts";

export interface ThreadSettings {
	/** Null keeps the database in memory. */
	directory: string | null;
	/** Where an initialised directory is kept for the next first start. */
	cacheDirectory: string | null;
}

export type ThreadRequest =
	| { id: number; kind: "open"; settings: ThreadSettings }
	| { id: number; kind: "query"; sql: string; parameters: SqlValue[] }
	| { id: number; kind: "script"; sql: string }
	| { id: number; kind: "close" };

export type ThreadReply =
	| { id: number; rows: SqlRow[] }
	| { id: number; error: { message: string; code: string | null } };
