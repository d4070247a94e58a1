import { expect, test } from "vitest";
import { GalleyError } from "../core/errors.ts";
import {
	createLogger,
	type Logger,
	type LoggerOptions,
	toLogLevel,
} from "./logger.ts";

const now = () => new Date(2025, 2, 9, 14, 5, 6, 7);

function capture(options: Partial<LoggerOptions> = {}) {
	const lines: string[] = [];
	const logger = createLogger({
		level: "info",
		format: "json",
		destination: { write: (line) => lines.push(line) },
		now,
		...options,
	});
	const records = () =>
		lines.map((line) => JSON.parse(line) as Record<string, unknown>);
	return { logger, lines, records };
}

test("JSON lines carry time, level name, fields and message", () => {
	const { logger, lines, records } = capture();
	logger.info({ requestId: "r-1", promptTokens: 12, isStream: true }, "done");
	expect(records()).toEqual([
		{
			level: "info",
			time: now().toISOString(),
			requestId: "r-1",
			promptTokens: 12,
			isStream: true,
			message: "done",
		},
	]);
	expect(lines[0]).toMatch(/^[^\n]+\n$/);
});

test("fields that are not in the table are never written, whatever is handed over", () => {
	const { logger, lines } = capture();
	const request = {
		requestId: "r-1",
		prompt: "PRIVATE",
		messages: [{ role: "user", content: "PRIVATE" }],
		headers: { authorization: "PRIVATE" },
		status: { text: "PRIVATE" },
		model: ["PRIVATE"],
	};
	// What a caller in another language version, or one that silences the compiler, could do.
	logger.info(request as unknown as Parameters<Logger["info"]>[0], "request");
	logger
		.child(request as unknown as Parameters<Logger["child"]>[0])
		.info({}, "child");
	expect(lines).toHaveLength(2);
	expect(lines.join("")).toContain("r-1");
	expect(lines.join("")).not.toContain("PRIVATE");
});

test("a client's mistake is logged by its code, not by its message or cause", () => {
	const { logger, lines, records } = capture();
	const cause = new SyntaxError('Unexpected token in "PRIVATE"');
	const error = new GalleyError("invalid_json", "PRIVATE is no JSON", {
		param: "messages",
		cause,
	});
	logger.warn({ error }, "refused");
	expect(lines.join("")).not.toContain("PRIVATE");
	expect(records()[0]?.error).toEqual({
		type: "GalleyError",
		code: "invalid_json",
		param: "messages",
	});
});

test("the server's own errors are logged with stack and causes", () => {
	const { logger, records } = capture();
	const cause = Object.assign(new Error("no such file"), { code: "ENOENT" });
	const error = new GalleyError("internal", "The model is gone.", { cause });
	logger.error({ error }, "failed");
	expect(records()[0]?.error).toMatchObject({
		type: "GalleyError",
		code: "internal",
		message: "The model is gone.",
		stack: expect.stringContaining("logger.test.ts"),
		cause: { type: "Error", code: "ENOENT", message: "no such file" },
	});
});

test("thrown values that are no errors, and causes without end, are logged too", () => {
	const { logger, lines } = capture();
	const circular = new Error("round");
	circular.cause = circular;
	logger.error({ error: "just text" }, "one");
	logger.error({ error: undefined }, "two");
	logger.error({ error: circular }, "three");
	expect(lines).toHaveLength(3);
	expect(lines[0]).toContain("just text");
});

test("secrets are taken out of messages, fields and errors", () => {
	const { logger, lines } = capture();
	const error = new Error("GET https://u:hunter2@host failed");
	logger.error(
		{ error, address: "http://h/?api_key=hunter2" },
		"sent Bearer hunter2",
	);
	expect(lines.join("")).not.toContain("hunter2");
	expect(lines.join("").match(/\[redacted\]/g)?.length).toBeGreaterThanOrEqual(
		3,
	);
});

test("long texts are cut", () => {
	const { logger, lines } = capture();
	logger.info({ reason: "x".repeat(50_000) }, "y".repeat(50_000));
	expect(lines[0]?.length).toBeLessThan(6000);
});

test("children add their fields to each line", () => {
	const { logger, records } = capture();
	const child = logger.child({ requestId: "r-9" }).child({ component: "api" });
	child.info({ status: 200 }, "answered");
	expect(records()[0]).toMatchObject({
		requestId: "r-9",
		component: "api",
		status: 200,
	});
});

test("lines below the level are not written", () => {
	const { logger, lines } = capture({ level: "WARNING" });
	logger.info({}, "no");
	logger.child({ component: "x" }).debug({}, "no");
	logger.warn({}, "yes");
	logger.fatal({}, "yes");
	expect(lines).toHaveLength(2);
	expect([logger.isEnabled("info"), logger.isEnabled("error")]).toEqual([
		false,
		true,
	]);
});

test("silent writes nothing at all", () => {
	const { logger, lines } = capture({ level: "silent" });
	logger.fatal({}, "no");
	expect(lines).toEqual([]);
});

test("levels go by NIM's names and by pino's, in any case", () => {
	const names = ["TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"];
	expect(names.map(toLogLevel)).toEqual([
		...["trace", "debug", "info", "warn", "error", "fatal"],
	]);
	expect(["DEFAULT", "warn", "Fatal", " silent "].map(toLogLevel)).toEqual([
		...["info", "warn", "fatal", "silent"],
	]);
	expect(() => toLogLevel("loud")).toThrow(/loud.*use one of trace/);
});

const text = { format: "text", hasColors: false } as const;

test("text lines are for humans: one line, level, message, key=value", () => {
	const { logger, lines } = capture(text);
	logger.info(
		{ address: "http://127.0.0.1:8000", model: "my model", port: 8000 },
		"listening",
	);
	expect(lines).toEqual([
		'2025-03-09 14:05:06.007 INFO  listening  address=http://127.0.0.1:8000 model="my model" port=8000\n',
	]);
});

test("text lines cannot be forged", () => {
	const { logger, lines } = capture(text);
	const forged = "a\n2025 INFO  forged \u001b[31mred";
	logger.info({ model: forged }, forged);
	expect(lines).toHaveLength(1);
	expect(lines[0]?.trimEnd()).not.toMatch(/\p{Cc}/u);
});

test("an error adds its stack and its causes below the text line", () => {
	const { logger, lines } = capture(text);
	const error = new Error("outer", { cause: new TypeError("inner") });
	logger.error({ error, attempt: 2 }, "engine died");
	const [first = "", ...rest] = (lines[0] ?? "").trimEnd().split("\n");
	expect(first).toMatch(
		/ERROR engine died {2}attempt=2 {2}error="Error: outer"$/,
	);
	expect(rest[0]).toMatch(/^ {4}at .*logger\.test\.ts/);
	expect(rest).toContainEqual('  caused by "TypeError: inner"');
});

test("colours appear for terminals, and only there", () => {
	const lines: string[] = [];
	const write = (line: string) => lines.push(line);
	for (const isTTY of [true, false, undefined]) {
		const destination = { write, isTTY };
		const options = { level: "info", destination, now } as const;
		createLogger({ ...options, format: "text" }).info({}, "hello");
		createLogger({ ...options, format: "json" }).info({}, "hello");
	}
	const colored = lines.map((line) => line.includes("\u001b["));
	expect(colored).toEqual([
		...[!process.env.NO_COLOR, false, false, false, false, false],
	]);
});
