import { Readable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { FastifyReply } from "fastify";

/**
 * Sends what `chunks` makes. One chunk is an answer with a length; more of them are made one at a turn of the event loop
 * and no faster than the client reads, so that an answer of 40 MB neither holds others up nor waits in memory.
 */
export function sendChunks(
	reply: FastifyReply,
	chunks: Iterator<Buffer>,
	contentType = "application/json; charset=utf-8",
): FastifyReply {
	reply.type(contentType);
	const first = chunks.next();
	const second = chunks.next();
	if (second.done === true)
		return reply.send(first.done === true ? Buffer.alloc(0) : first.value);
	return reply.send(
		Readable.from(rest([first.value, second.value], chunks), {
			objectMode: false,
			highWaterMark: 256 * 1024,
		}),
	);
}

async function* rest(
	made: readonly Buffer[],
	chunks: Iterator<Buffer>,
): AsyncGenerator<Buffer> {
	yield* made;
	for (let next = chunks.next(); next.done !== true; next = chunks.next()) {
		yield next.value;
		await nextTurn();
	}
}
