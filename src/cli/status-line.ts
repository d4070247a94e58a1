import type { TextOutput } from "./terminal.ts";

/** One line that is written over and over on a terminal; silent anywhere else. */
export interface StatusLine {
	show(text: string): void;
	clear(): void;
}

const eraseLine = "\r\u001b[K";

export function createStatusLine(output: TextOutput): StatusLine {
	if (output.isTTY !== true) return { show() {}, clear() {} };
	let isShown = false;
	return {
		show(text) {
			// A line that wraps could not be erased again. Some terminals (containers) say that they have 0 columns.
			output.write(
				`${eraseLine}${text.slice(0, Math.max(1, (output.columns || 80) - 1))}`,
			);
			isShown = true;
		},
		clear() {
			if (isShown) output.write(eraseLine);
			isShown = false;
		},
	};
}

/** `Loading starter-chat [========            ]  42 %, 3 s left` */
export function formatLoading(
	name: string,
	progress: number,
	etaSeconds: number | null,
): string {
	const width = 20;
	const part = Math.min(1, Math.max(0, progress));
	const filled = Math.round(part * width);
	const bar = "=".repeat(filled) + " ".repeat(width - filled);
	const left =
		etaSeconds === null ? "" : `, ${formatDuration(etaSeconds)} left`;
	return `Loading ${name} [${bar}] ${String(Math.floor(part * 100)).padStart(3)} %${left}`;
}

/** `0.4 s`, `12 s`, `3 min 20 s`. */
export function formatDuration(seconds: number): string {
	if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
	const whole = Math.round(seconds);
	return whole < 60
		? `${whole} s`
		: `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
