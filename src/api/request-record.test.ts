import { describe, expect, test } from "vitest";
import { createTestServer } from "./testing/test-server.ts";

const linesOf = (lines: { level: string; message: string }[]) =>
	lines.filter(({ level }) => level !== "debug").map(({ message }) => message);

describe("request records", () => {
	test("each request gives one metrics entry and one line at the info level", async () => {
		const { app, entries, lines } = createTestServer();
		await app.inject({ method: "GET", url: "/v1/models" });
		expect(entries).toMatchObject([{ route: "/v1/models", status: 200 }]);
		expect(linesOf(lines)).toEqual(["request"]);
	});

	test("probes and scrapes are counted, and logged only for those who debug", async () => {
		const { app, entries, lines } = createTestServer();
		await app.inject({ method: "GET", url: "/v1/health/live" });
		await app.inject({ method: "GET", url: "/metrics" });
		expect(entries).toHaveLength(2);
		expect(linesOf(lines)).toEqual([]);
	});

	test("with request lines off, requests are still counted and bad ones say nothing either", async () => {
		const { app, entries, lines } = createTestServer({ logsRequests: false });
		await app.inject({ method: "GET", url: "/v1/models" });
		await app.inject({ method: "GET", url: "/nowhere" });
		expect(entries.map(({ status }) => status)).toEqual([200, 404]);
		expect(linesOf(lines)).toEqual([]);
	});
});
