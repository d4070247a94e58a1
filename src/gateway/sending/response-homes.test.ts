import { describe, expect, test } from "vitest";
import { ResponseIdReader } from "./response-homes.ts";

const silent = { head: () => {}, data: () => {}, end: () => {} };

function idOf(...pieces: string[]): string | null {
	const reader = new ResponseIdReader(silent);
	for (const piece of pieces) reader.data(Buffer.from(piece));
	return reader.id;
}

describe("the id of a response", () => {
	test("is read from an answer and from the first event of a stream, wherever they are cut", () => {
		expect(idOf('{"id": "resp_1a", "object":"response"}')).toBe("resp_1a");
		const event =
			'event: response.created\ndata: {"response":{"id":"resp_2"}}\n\n';
		for (let cut = 0; cut < event.length; cut++)
			expect(idOf(event.slice(0, cut), event.slice(cut))).toBe("resp_2");
	});

	test("is not looked for in the whole of a long answer", () => {
		expect(idOf("x".repeat(5000), '{"id":"resp_1"}')).toBeNull();
		expect(idOf('{"id":"chatcmpl-1"}')).toBeNull();
	});
});
