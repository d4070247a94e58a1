import { PassThrough } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { ChatPrompt } from "./chat-prompt.ts";

function setUp() {
	const input = new PassThrough() as unknown as NodeJS.ReadStream;
	const output = new PassThrough() as unknown as NodeJS.WriteStream;
	let echoed = "";
	(output as unknown as PassThrough).on("data", (chunk: Buffer) => {
		echoed += chunk.toString("utf8");
	});
	return {
		prompt: new ChatPrompt(input, output),
		echoed: () => echoed,
		type: (text: string) => (input as unknown as PassThrough).write(text),
	};
}

describe("ChatPrompt", () => {
	it("reads line after line", async () => {
		const { prompt, type } = setUp();
		const first = prompt.readMessage("> ", ". ");
		type("hello\r");
		expect(await first).toEqual({ type: "line", text: "hello" });
		const second = prompt.readMessage("> ", ". ");
		type("again\r");
		expect(await second).toEqual({ type: "line", text: "again" });
	});

	it("shows what is written once, however many lines came before", async () => {
		const { prompt, type, echoed } = setUp();
		for (const word of ["one", "two", "three"]) {
			const line = prompt.readMessage("> ", ". ");
			type(`${word}\r`);
			await line;
		}
		expect(stripVTControlCharacters(echoed()).replaceAll("\r", "")).toBe(
			"> one\n> two\n> three\n",
		);
	});

	it("joins what stands between two lines of quotes", async () => {
		const { prompt, type } = setUp();
		const one = prompt.readMessage("> ", ". ");
		type('"""on one line"""\r');
		expect(await one).toEqual({ type: "line", text: "on one line" });
		const message = prompt.readMessage("> ", ". ");
		for (const line of ['"""first', "second", 'third"""']) {
			await new Promise((resolve) => setImmediate(resolve));
			type(`${line}\r`);
		}
		expect(await message).toEqual({
			type: "line",
			text: "first\nsecond\nthird",
		});
	});

	it("tells Ctrl-C on an empty line from Ctrl-C while writing, and both from Ctrl-D", async () => {
		const { prompt, type } = setUp();
		const empty = prompt.read("> ");
		type("\u0003");
		expect(await empty).toEqual({ type: "interrupt", wasEmpty: true });
		const written = prompt.read("> ");
		type("half a\u0003");
		expect(await written).toEqual({ type: "interrupt", wasEmpty: false });
		const end = prompt.read("> ");
		type("\u0004");
		expect(await end).toEqual({ type: "end" });
	});
});
