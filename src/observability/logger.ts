import { type Logger as PinoLogger, pino } from "pino";
import { GalleyError } from "../core/errors.ts";
import type { LogFields } from "./log-fields.ts";
import { toLogRecord, toLogText } from "./log-record.ts";
import { type LogLine, toTextLogLine } from "./text-log-line.ts";

const logLevels = [
	"trace",
	"debug",
	"info",
	"warn",
	"error",
	"fatal",
	"silent",
] as const;
export type LogLevel = (typeof logLevels)[number];

/** Writes what happened. Fields first, as pino has it; which there are is told by log-fields.ts. */
export interface Logger {
	trace(fields: LogFields, message: string): void;
	debug(fields: LogFields, message: string): void;
	info(fields: LogFields, message: string): void;
	warn(fields: LogFields, message: string): void;
	error(fields: LogFields, message: string): void;
	fatal(fields: LogFields, message: string): void;
	/** A logger that adds these fields to each line: a request's id, a component's name. */
	child(fields: LogFields): Logger;
	/** For lines that are dear to make. */
	isEnabled(level: Exclude<LogLevel, "silent">): boolean;
}

/** What takes finished lines, each with its line break. */
interface LogSink {
	write(line: string): unknown;
	readonly isTTY?: boolean | undefined;
}

export interface LoggerOptions {
	/** Pino's names or NIM's, in any case; see `toLogLevel`. */
	level: string;
	format: "text" | "json";
	/** The process's own outputs write at once: the last lines before it dies are not lost. */
	destination: "stdout" | "stderr" | LogSink;
	/** For text; left out, colours are for terminals, and the variable `NO_COLOR` turns them off. */
	hasColors?: boolean;
	now?: () => Date;
}

const maxMessageLength = 4000;

export function createLogger(options: LoggerOptions): Logger {
	const { format, now = () => new Date() } = options;
	const level = toLogLevel(options.level);
	const destination =
		typeof options.destination === "string"
			? process[options.destination]
			: options.destination;
	const hasColors =
		options.hasColors ?? (destination.isTTY === true && !process.env.NO_COLOR);
	const write =
		format === "json"
			? (line: string) => void destination.write(line)
			: (line: string) => {
					const parsed = JSON.parse(line) as LogLine;
					destination.write(toTextLogLine(parsed, hasColors));
				};
	const root = pino(
		{
			level,
			base: null,
			messageKey: "message",
			timestamp: () => `,"time":"${now().toISOString()}"`,
			formatters: { level: (label) => ({ level: label }) },
		},
		{ write },
	);
	return toLogger(root);
}

function toLogger(target: PinoLogger<never>): Logger {
	const write =
		(level: Exclude<LogLevel, "silent">) =>
		(fields: LogFields, message: string): void => {
			if (!target.isLevelEnabled(level)) return;
			target[level](toLogRecord(fields), toLogText(message, maxMessageLength));
		};
	return {
		trace: write("trace"),
		debug: write("debug"),
		info: write("info"),
		warn: write("warn"),
		error: write("error"),
		fatal: write("fatal"),
		child: (fields) => toLogger(target.child(toLogRecord(fields))),
		isEnabled: (level) => target.isLevelEnabled(level),
	};
}

const levelAliases: Readonly<Record<string, LogLevel>> = {
	default: "info",
	warning: "warn",
	critical: "fatal",
};

/** Throws GalleyError `invalid_request` for a name that is neither pino's nor one of NIM's. */
export function toLogLevel(name: string): LogLevel {
	const lower = name.trim().toLowerCase();
	const level =
		logLevels.find((known) => known === lower) ?? levelAliases[lower];
	if (level !== undefined) return level;
	throw new GalleyError(
		"invalid_request",
		`The log level ${JSON.stringify(name)} is not known; use one of ${logLevels.join(", ")}.`,
	);
}
