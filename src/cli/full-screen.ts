import type { EventEmitter } from "node:events";

/** A terminal to draw on: `process.stdout`. */
export interface ScreenOutput extends EventEmitter {
	readonly columns?: number | undefined;
	readonly rows?: number | undefined;
	write(text: string): unknown;
}

/** A keyboard: `process.stdin` where it is a terminal. */
export interface ScreenInput extends EventEmitter {
	readonly isTTY?: boolean | undefined;
	setRawMode?(isRaw: boolean): unknown;
	resume(): unknown;
	pause(): unknown;
}

export interface FullScreen extends Disposable {
	readonly columns: number;
	readonly rows: number;
	/** Shows these lines and nothing else. */
	draw(lines: readonly string[]): void;
}

export interface FullScreenOptions {
	output: ScreenOutput;
	input: ScreenInput;
	onKey: (key: string) => void;
	onResize: () => void;
}

const control = "\u001b[";
/** The alternate screen keeps what was on the terminal; without wrapping a wide line can't push others down. */
const enter = `${control}?1049h${control}?25l${control}?7l`;
const leave = `${control}?7h${control}?25h${control}?1049l`;
/** Terminals that know synchronized updates show a frame at once; others pass over these. */
const beginFrame = `${control}?2026h${control}H`;
const endFrame = `${control}J${control}?2026l`;
const eraseToEndOfLine = `${control}K`;

/** Takes the whole terminal until it is disposed, or the process ends. */
export function openFullScreen(options: FullScreenOptions): FullScreen {
	const { output, input, onKey, onResize } = options;
	const hearKeys = (keys: Buffer | string) => {
		for (const key of keys.toString()) onKey(key);
	};
	let isOpen = true;
	const close = () => {
		if (!isOpen) return;
		isOpen = false;
		output.off("resize", onResize);
		input.off("data", hearKeys);
		if (input.isTTY === true) input.setRawMode?.(false);
		input.pause();
		process.off("exit", close);
		output.write(leave);
	};
	// Also when something throws where nobody catches it: a terminal left in raw mode is of no use to anybody.
	process.once("exit", close);
	output.on("resize", onResize);
	if (input.isTTY === true) {
		input.setRawMode?.(true);
		input.on("data", hearKeys);
		input.resume();
	}
	output.write(enter);
	return {
		get columns() {
			return output.columns ?? 80;
		},
		get rows() {
			return output.rows ?? 24;
		},
		draw(lines) {
			if (!isOpen) return;
			// Written over what is there instead of on a cleared screen: nothing flickers.
			const text = lines.map((line) => line + eraseToEndOfLine).join("\r\n");
			output.write(`${beginFrame}${text}${endFrame}`);
		},
		[Symbol.dispose]: close,
	};
}
