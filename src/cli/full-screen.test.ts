import { describe, expect, it } from "vitest";
import { openFullScreen } from "./full-screen.ts";
import { FakeTerminal } from "./testing/fake-terminal.ts";

function open() {
	const output = new FakeTerminal();
	const input = new FakeTerminal();
	const keys: string[] = [];
	let resizes = 0;
	const screen = openFullScreen({
		output,
		input,
		onKey: (key) => keys.push(key),
		onResize: () => resizes++,
	});
	return { screen, output, input, keys, resizes: () => resizes };
}

describe("openFullScreen", () => {
	it("draws over what is there without clearing it first", () => {
		const { screen, output } = open();
		output.written = "";
		screen.draw(["one", "two"]);
		screen[Symbol.dispose]();
		expect(output.written).toContain(
			"\u001b[Hone\u001b[K\r\ntwo\u001b[K\u001b[J",
		);
		expect(output.written).not.toContain("\u001b[2J");
	});

	it("gives the terminal back as it was, once", () => {
		const listeners = process.listenerCount("exit");
		const { screen, output, input } = open();
		expect(output.written).toContain("\u001b[?1049h");
		expect(output.written).toContain("\u001b[?25l");
		expect(input.isRaw).toBe(true);
		output.written = "";
		screen[Symbol.dispose]();
		screen[Symbol.dispose]();
		screen.draw(["late"]);
		expect(output.written).toBe("\u001b[?7h\u001b[?25h\u001b[?1049l");
		expect(input).toMatchObject({ isRaw: false, isPaused: true });
		expect(input.listenerCount("data")).toBe(0);
		expect(output.listenerCount("resize")).toBe(0);
		expect(process.listenerCount("exit")).toBe(listeners);
	});

	it("hears keys one by one, and the terminal's size as it changes", () => {
		const { screen, output, input, keys, resizes } = open();
		input.emit("data", Buffer.from("aq\u0003"));
		output.columns = 120;
		output.emit("resize");
		expect(keys).toEqual(["a", "q", "\u0003"]);
		expect(resizes()).toBe(1);
		expect([screen.columns, screen.rows]).toEqual([120, 24]);
		screen[Symbol.dispose]();
	});
});
