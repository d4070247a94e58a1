import { expect, test } from "vitest";
import type { Replica } from "../api/fleet-types.ts";
import { isStartedSince } from "./is-started-since.ts";

const replica = (ageSeconds: number, pid: number | null = 1): Replica => ({
	id: "m/1",
	phase: "ready",
	reason: null,
	pid,
	ageSeconds,
	deaths: 0,
	outstandingTokens: 0,
	memoryBytes: null,
	progress: null,
});
const found = "2026-01-01T12:00:00Z";
const aMinuteLater = Date.parse(found) + 60_000;
const ask = (...replicas: Replica[]) =>
	isStartedSince({ replicas }, found, aMinuteLater);

test("settings are in use once every process started after they were found", () => {
	expect(ask(replica(30), replica(59))).toBe(true);
	expect(ask(replica(30), replica(61))).toBe(false);
});

test("what does not run uses nothing", () => {
	expect(ask()).toBe(false);
	expect(ask(replica(30, null))).toBe(false);
});
