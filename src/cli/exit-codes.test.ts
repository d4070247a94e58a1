import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { GalleyError } from "../core/errors.ts";
import { CommandFailure, exitCodeOf, exitCodes } from "./exit-codes.ts";

it("tells usage, model and availability apart", () => {
	expect(exitCodeOf(new GalleyError("invalid_configuration", "x"))).toBe(
		exitCodes.usage,
	);
	expect(exitCodeOf(new GalleyError("model_unusable", "x"))).toBe(
		exitCodes.model,
	);
	expect(exitCodeOf(new GalleyError("insufficient_memory", "x"))).toBe(
		exitCodes.model,
	);
	expect(exitCodeOf(new GalleyError("engine_unavailable", "x"))).toBe(
		exitCodes.unavailable,
	);
	expect(exitCodeOf(new Error("x"))).toBe(exitCodes.failure);
	expect(exitCodeOf("x")).toBe(exitCodes.failure);
});

it("keeps a child's exit code", () => {
	expect(exitCodeOf(new CommandFailure("x", 5))).toBe(5);
});

it("finds an address in use behind other errors", () => {
	const cause = Object.assign(new Error("listen EADDRINUSE"), {
		code: "EADDRINUSE",
	});
	expect(exitCodeOf(cause)).toBe(exitCodes.addressInUse);
	expect(exitCodeOf(new GalleyError("internal", "x", { cause }))).toBe(
		exitCodes.addressInUse,
	);
});

it("are all told in the help", () => {
	const help = readFileSync(new URL("./program.ts", import.meta.url), "utf8");
	for (const code of Object.values(exitCodes))
		expect(help).toMatch(new RegExp(`\\b${code} [a-z]`));
});
