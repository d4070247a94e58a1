import fc from "fast-check";
import { expect, test } from "vitest";
import { readEvents, type ServerSentEvent } from "./event-stream.ts";

async function read(pieces: readonly Uint8Array[]): Promise<ServerSentEvent[]> {
	const events: ServerSentEvent[] = [];
	const body = new ReadableStream<Uint8Array>({
		start(controller) {
			for (const piece of pieces) controller.enqueue(piece);
			controller.close();
		},
	});
	for await (const event of readEvents(body)) events.push(event);
	return events;
}

const bytes = (text: string) => new TextEncoder().encode(text);

test("comments are left out, several data lines are one text, names are kept", async () => {
	expect(
		await read([
			bytes(": alive\n\nevent: ping\ndata: a\ndata: b\n\ndata:c\n\n"),
		]),
	).toEqual([
		{ event: "ping", data: "a\nb" },
		{ event: "message", data: "c" },
	]);
});

test("events are the same however the bytes are cut and whatever ends the lines", async () => {
	await fc.assert(
		fc.asyncProperty(
			fc.array(
				fc
					.string({ unit: "grapheme" })
					.map((text) => text.replaceAll(/[\r\n]/g, " ")),
				{ minLength: 1, maxLength: 5 },
			),
			fc.constantFrom("\n", "\r\n", "\r"),
			fc.array(fc.nat(200), { maxLength: 8 }),
			async (texts, end, cuts) => {
				const all = bytes(
					texts.map((text) => `data: ${text}${end}${end}`).join(""),
				);
				const places = [
					0,
					...cuts
						.filter((cut) => cut < all.length)
						.sort((left, right) => left - right),
					all.length,
				];
				const pieces = places
					.slice(1)
					.map((place, index) => all.slice(places[index], place));
				expect((await read(pieces)).map(({ data }) => data)).toEqual(texts);
			},
		),
	);
});
