import fc from "fast-check";
import { expect, test } from "vitest";
import { EventStreamScanner } from "./event-stream.ts";

/** Feeds the bytes cut at the given places. */
function scan(text: string, cuts: readonly number[] = []): string[] {
	const bytes = Buffer.from(text);
	const events: string[] = [];
	const scanner = new EventStreamScanner((data) =>
		events.push(data.toString()),
	);
	const places = [
		...new Set([
			0,
			...cuts.map((cut) => cut % (bytes.length + 1)),
			bytes.length,
		]),
	].sort((left, right) => left - right);
	for (const [index, place] of places.slice(1).entries()) {
		const chunk = Buffer.from(bytes.subarray(places[index], place));
		scanner.push(chunk);
		chunk.fill(0x23); // what the scanner keeps must be its own
	}
	scanner.end();
	return events;
}

test("events come out the same wherever the stream is cut", () => {
	fc.assert(
		fc.property(
			fc.array(
				fc
					.string({ unit: "grapheme", minLength: 1 })
					.map((text) => JSON.stringify(text)),
			),
			fc.constantFrom("\n", "\r\n"),
			fc.constantFrom("data: ", "data:"),
			fc.array(fc.nat()),
			(payloads, lineEnd, field, cuts) => {
				const stream = payloads
					.map((payload) => `${field}${payload}${lineEnd}${lineEnd}`)
					.join("");
				expect(scan(stream, cuts)).toEqual(payloads);
			},
		),
	);
});

test("comments, other fields and events without data are skipped", () => {
	expect(
		scan(
			": ping\n\nevent: delta\nid: 1\ndata: a\n\nretry: 3\n\nevent: empty\n\ndatabase: b\n\n",
		),
	).toEqual(["a"]);
});

test("several data lines are one event", () => {
	const stream = "data: a\ndata: b\ndata:\n\n";
	for (let cut = 0; cut <= stream.length; cut++)
		expect(scan(stream, [cut])).toEqual(["a\nb\n"]);
});

test("an event without its closing empty line counts when the stream ends", () => {
	expect(scan("data: a\n\ndata: [DONE]")).toEqual(["a", "[DONE]"]);
	expect(scan("data: a\n\ndata: [DONE]\n")).toEqual(["a", "[DONE]"]);
});
