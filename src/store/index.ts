export type {
	Database,
	Queryable,
	QueryOptions,
	SqlRow,
	SqlValue,
} from "./database.ts";
export {
	type Collection,
	Collections,
	type Grant,
	type NewCollection,
} from "./knowledge/collections.ts";
export {
	type Conversation,
	Conversations,
	type Message,
	type NewMessage,
} from "./knowledge/conversations.ts";
export type {
	NewChunk,
	NewDocument,
	WriteOptions,
	WriteResult,
} from "./knowledge/document-writer.ts";
export {
	type DocumentFacts,
	type DocumentPage,
	Documents,
	type StoredChunk,
} from "./knowledge/documents.ts";
export { KnowledgeBase } from "./knowledge/knowledge-base.ts";
export { everybody, type Principal } from "./knowledge/principal.ts";
export type { FoundPassage, SearchRequest } from "./knowledge/search.ts";
export type { SearchFilters } from "./knowledge/search-statement.ts";
export type { Migration } from "./migrations/migrate.ts";
export { type DatabaseSettings, openDatabase } from "./open-database.ts";
