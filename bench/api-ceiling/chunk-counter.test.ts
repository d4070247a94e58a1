import fc from "fast-check";
import { expect, test } from "vitest";
import { ChunkCounter } from "./chunk-counter.ts";

/** A chunked response of `events` events, as Node writes it. */
function response(events: number): string {
	const chunks = Array.from(
		{ length: events },
		(_, index) => `data: {"token":"${index} 0"}\n\n`,
	);
	const framed = chunks
		.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`)
		.join("");
	return `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n${framed}0\r\n\r\n`;
}

test("events and responses are counted wherever the bytes are cut between responses", () => {
	fc.assert(
		fc.property(
			fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 }),
			fc.array(fc.nat()),
			(sizes, cuts) => {
				const counter = new ChunkCounter();
				let returned = 0;
				// One request at a time on a connection: a read never holds bytes of two responses.
				for (const size of sizes) {
					const bytes = Buffer.from(response(size));
					const places = [
						...new Set([
							0,
							...cuts.map((cut) => cut % bytes.length),
							bytes.length,
						]),
					].sort((left, right) => left - right);
					for (const [index, place] of places.slice(1).entries())
						returned += counter.push(bytes.subarray(places[index], place));
				}
				const events = sizes.reduce((sum, size) => sum + size, 0);
				expect(counter.events).toBe(events);
				expect(returned).toBe(events);
				expect(counter.responses).toBe(sizes.length);
			},
		),
	);
});
