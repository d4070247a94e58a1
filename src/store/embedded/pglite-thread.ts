import { parentPort } from "node:worker_threads";
import { sqlStateOf } from "../database-error.ts";
import { type OpenedPglite, openPglite } from "./open-pglite.ts";
import type { ThreadReply, ThreadRequest } from "./pglite-messages.ts";

/**
 * PGlite computes where it is called, and for as long as a statement takes nothing else runs there: so it has a thread of its
 * own, and streams go on flowing while an index is built.
 */
if (parentPort !== null) serve(parentPort);

function serve(port: NonNullable<typeof parentPort>): void {
	let opened: OpenedPglite | null = null;
	const answer = async (request: ThreadRequest): Promise<ThreadReply> => {
		const { id } = request;
		if (request.kind === "open") {
			opened = await openPglite(request.settings);
			return { id, rows: [] };
		}
		if (opened === null) throw new Error("The database isn't open.");
		const { database, written } = opened;
		if (request.kind === "close") {
			await database.close();
			await written;
		}
		if (request.kind === "script") await database.exec(request.sql);
		if (request.kind !== "query") return { id, rows: [] };
		const { rows } = await database.query<Record<string, unknown>>(
			request.sql,
			request.parameters,
		);
		return { id, rows };
	};
	port.on("message", (request: ThreadRequest) => {
		answer(request)
			.catch((error: unknown): ThreadReply => {
				const message = error instanceof Error ? error.message : String(error);
				return { id: request.id, error: { message, code: sqlStateOf(error) } };
			})
			.then((reply) => {
				port.postMessage(reply);
				if (request.kind === "close") port.close();
			});
	});
}
