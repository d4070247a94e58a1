import type { LoggedError } from "./log-record.ts";

/** One parsed line of the JSON log. */
export interface LogLine {
	time: string;
	level: string;
	message: string;
	error?: LoggedError;
	[field: string]: unknown;
}

const start = "\u001b[";
const reset = `${start}0m`;
const dim = `${start}2m`;
const levelColors: Readonly<Record<string, string>> = {
	trace: dim,
	debug: dim,
	info: `${start}32m`,
	warn: `${start}33m`,
	error: `${start}31m`,
	fatal: `${start}1;31m`,
};

/**
 * For humans:
 *
 *     2025-03-09 14:05:06.007 INFO  listening  address=http://127.0.0.1:8000 model="my model"
 *
 * with the stacks of an error on indented lines below. Control characters are written as escapes, so that nothing that is
 * logged can make up lines or colours of its own.
 */
export function toTextLogLine(line: LogLine, hasColors: boolean): string {
	const { time, level, message, error, ...fields } = line;
	const paint = (text: string, color: string | undefined) =>
		hasColors && color !== undefined ? color + text + reset : text;
	const pairs = Object.entries(fields).map(
		([name, value]) => `${paint(`${name}=`, dim)}${toTextValue(value)}`,
	);
	const reason = error && paint(toErrorSummary(error), levelColors.error);
	const parts = [
		paint(toLocalTime(time), dim),
		paint(level.toUpperCase().padEnd(5), levelColors[level]),
		escapeControls(message),
		...(pairs.length === 0 ? [] : [` ${pairs.join(" ")}`]),
		...(reason === undefined ? [] : [` error=${reason}`]),
	];
	return `${[parts.join(" "), ...toStackLines(error)].join("\n")}\n`;
}

function toLocalTime(iso: string): string {
	const date = new Date(iso);
	const pad = (value: number, length = 2) =>
		String(value).padStart(length, "0");
	const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()];
	const time = [date.getHours(), date.getMinutes(), date.getSeconds()];
	const [days, times] = [day, time].map((all) => all.map((part) => pad(part)));
	return `${days?.join("-")} ${times?.join(":")}.${pad(date.getMilliseconds(), 3)}`;
}

function toTextValue(value: unknown): string {
	if (typeof value !== "string") return JSON.stringify(value);
	return /^[^\s"=\p{Cc}]+$/u.test(value)
		? value
		: escapeControls(JSON.stringify(value));
}

function toErrorSummary({ type, code, param, message }: LoggedError): string {
	const named = [type, code, param].filter((part) => part !== undefined);
	const text = message === undefined ? "" : `: ${message}`;
	return JSON.stringify(escapeControls(named.join(" ") + text));
}

/** A stack begins with the error's name and message, which stand in the line above already. */
function toStackLines(error: LoggedError | undefined): string[] {
	if (error === undefined) return [];
	const frames = (error.stack ?? "")
		.split("\n")
		.filter((frame) => /^\s*at /.test(frame))
		.map((frame) => `    ${escapeControls(frame.trim())}`);
	const { cause } = error;
	return cause === undefined
		? frames
		: [
				...frames,
				`  caused by ${toErrorSummary(cause)}`,
				...toStackLines(cause),
			];
}

function escapeControls(text: string): string {
	return text.replace(/\p{Cc}/gu, (control) =>
		control === "\n"
			? "\\n"
			: `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`,
	);
}
