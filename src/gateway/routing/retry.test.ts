import { describe, expect, test } from "vitest";
import type { ForwardOutcome } from "../../proxy/forward.ts";
import type { Refusal } from "../../proxy/refusal.ts";
import { healthSign, isRepeatable, mayTryElsewhere } from "./retry.ts";

const chat = { isRepeatable: isRepeatable("/v1/chat/completions"), repeats: 0 };
const embedding = { isRepeatable: isRepeatable("/v1/embeddings"), repeats: 9 };
const refusal = (cause: Refusal["cause"], status: number | null = null) =>
	({ kind: "unanswered", cause, status }) as ForwardOutcome;

describe("another place", () => {
	test("may always be tried with what was surely not computed", () => {
		expect(mayTryElsewhere({ repeat: "safe" }, { ...chat, repeats: 7 })).toBe(
			true,
		);
	});

	test("may be tried once with what may have been, and may be what ended the first", () => {
		expect(mayTryElsewhere({ repeat: "once" }, chat)).toBe(true);
		expect(mayTryElsewhere({ repeat: "once" }, { ...chat, repeats: 1 })).toBe(
			false,
		);
		expect(mayTryElsewhere({ repeat: "never" }, chat)).toBe(false);
	});

	test("may be tried with what has no effect, whatever happened", () => {
		for (const repeat of ["safe", "once", "never"] as const)
			expect(mayTryElsewhere({ repeat }, embedding)).toBe(true);
	});
});

describe("what an outcome tells of a place", () => {
	test("a client that leaves, and a limit that is reached, tell nothing", () => {
		expect(healthSign({ kind: "left" }, "upstream")).toBe("none");
		expect(healthSign({ kind: "lost" }, "upstream")).toBe("none");
		expect(healthSign(refusal("refused", 429), "upstream")).toBe("none");
	});

	test("an upstream's errors are its own, a service's are watched by its probes", () => {
		const broken: ForwardOutcome = { kind: "answered", status: 500 };
		expect(healthSign(broken, "upstream")).toBe("bad");
		expect(healthSign(broken, "service")).toBe("none");
		expect(healthSign(refusal("refused", 503), "upstream")).toBe("bad");
		expect(healthSign(refusal("refused", 503), "service")).toBe("none");
		expect(healthSign({ kind: "answered", status: 404 }, "upstream")).toBe(
			"good",
		);
	});

	test("no connection, no answer and half an answer are bad wherever they come from", () => {
		for (const cause of [
			"unreachable",
			"reset",
			"silent",
			"unreadable",
		] as const)
			expect(healthSign(refusal(cause), "service")).toBe("bad");
		expect(healthSign({ kind: "broken", reason: "" }, "service")).toBe("bad");
	});
});
