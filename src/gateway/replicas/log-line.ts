import {
	type LogLine,
	toTextLogLine,
} from "../../observability/text-log-line.ts";

/** A line of a service, without what every line has. */
export interface ServiceLine {
	/** ISO 8601; null for what is no line of the log: a native library's complaint. */
	at: string | null;
	level: string | null;
	text: string;
}

/** Time and level stand before the message in a line for humans: `2025-03-09 14:05:06.007 INFO  `. */
const prefixLength = 30;

/** Services log JSON; the rest is taken as it is. */
export function readLogLine(line: string): ServiceLine {
	const parsed = parseLine(line);
	if (parsed === null) return { at: null, level: null, text: line };
	const text = toTextLogLine(parsed, false).slice(prefixLength).trimEnd();
	return { at: parsed.time, level: parsed.level, text };
}

function ofGalley(value: Record<string, unknown>): LogLine | null {
	const { time, level, message } = value;
	return typeof time === "string" &&
		!Number.isNaN(Date.parse(time)) &&
		typeof level === "string" &&
		level.length <= 5 &&
		typeof message === "string"
		? { ...value, time, level, message }
		: null;
}

const pinoLevels: Readonly<Record<number, string>> = {
	10: "trace",
	20: "debug",
	30: "info",
	40: "warn",
	50: "error",
	60: "fatal",
};

/** As applications log that leave everything as pino has it. */
function ofPino(value: Record<string, unknown>): LogLine | null {
	const { time, level, msg, pid: _, hostname: __, ...fields } = value;
	const date = new Date(typeof time === "number" ? time : Number.NaN);
	const word = pinoLevels[Number(level)];
	if (Number.isNaN(date.getTime()) || word === undefined) return null;
	return {
		...fields,
		time: date.toISOString(),
		level: word,
		message: String(msg),
	};
}

function parseLine(line: string): LogLine | null {
	if (!line.startsWith("{")) return null;
	try {
		const value = JSON.parse(line) as Record<string, unknown>;
		return typeof value.msg === "string" ? ofPino(value) : ofGalley(value);
	} catch {
		// It only began like one.
		return null;
	}
}
