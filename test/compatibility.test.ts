import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { chatBody } from "../src/api/generation/chat-body.ts";
import { completionBody } from "../src/api/generation/completion-body.ts";
import { messageBody } from "../src/api/messages/message-body.ts";
import { responseBody } from "../src/api/responses/response-body.ts";

/** docs/compatibility.md says of each parameter what the schemas do with it. */
const root = new URL("../", import.meta.url);
const page = readFileSync(new URL("docs/compatibility.md", root), "utf8");

interface Row {
	status: string;
	note: string;
}

function rowsOf(route: string): Map<string, Row> {
	const section = page
		.split("\n## ")
		.find((text) => text.split("\n")[0]?.includes(`\`POST ${route}\``));
	const rows = (section ?? "").matchAll(
		/^\| `([^`]+)` +\| ([a-z]+) +\| (.*?) +\|$/gm,
	);
	return new Map(
		[...rows].map(([, name = "", status = "", note = ""]) => [
			name,
			{ status, note },
		]),
	);
}

function expectedStatus(field: z.ZodType): RegExp {
	const text = field.description ?? "";
	if (/^Not supported|is not supported/.test(text)) return /^not$/;
	if (/no effect/.test(text)) return /^(accepted|partly)$/;
	return /^(supported|untested|partly)$/;
}

const bodies: Record<string, { shape: Record<string, z.ZodType> }> = {
	"/v1/chat/completions": chatBody,
	"/v1/completions": completionBody,
	"/v1/responses": responseBody,
	"/v1/messages": messageBody,
};

describe("docs/compatibility.md", () => {
	for (const [route, { shape }] of Object.entries(bodies)) {
		it(`lists exactly the parameters of ${route}, with their status`, () => {
			const rows = rowsOf(route);
			expect([...rows.keys()].sort()).toEqual(Object.keys(shape).sort());
			for (const [name, { status, note }] of rows) {
				expect(status, name).toMatch(expectedStatus(shape[name] as z.ZodType));
				expect(note, name).not.toBe("");
				if (status !== "supported") continue;
				const file = /^`(.+\.test\.ts)`$/.exec(note)?.[1] ?? "";
				const url = new URL(file, root);
				expect(file !== "" && existsSync(url), `${name}: ${file}`).toBe(true);
				expect(readFileSync(url, "utf8"), `${name}: ${file}`).toContain(name);
			}
		});
	}
});
