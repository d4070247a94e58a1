import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ChatMessage, ChatTool } from "../src/core/chat-message.ts";
import { ChatTemplates } from "../src/text/chat-template.ts";
import reference from "./fixtures/chat-template-digests.json" with {
	type: "json",
};

/**
 * The chat templates that ship with llama.cpp's source, against what Python's Jinja makes of them (the digests are made by
 * test/reference/templates.py). The templates themselves are not here, as their licences vary: where the benchmark's peers
 * have been built, or GALLEY_CHAT_TEMPLATES names the directory, they are rendered; elsewhere these tests are skipped.
 */
const directory =
	process.env.GALLEY_CHAT_TEMPLATES ??
	join(homedir(), ".cache/galley/peers/v0.5.0/source/models/templates");
const isHere = existsSync(directory);

const tools: ChatTool[] = [
	{
		type: "function",
		function: {
			name: "get_weather",
			description: "The weather of a city.",
			parameters: {
				type: "object",
				properties: {
					city: { type: "string", description: "Its name." },
					days: { type: "integer" },
				},
				required: ["city"],
			},
		},
	},
];
const user: ChatMessage = {
	role: "user",
	content: "What's the weather in Graz?",
};
const system: ChatMessage = { role: "system", content: "Be brief." };
const cases: Record<string, [readonly ChatMessage[], ChatTool[]?]> = {
	plain: [[user]],
	system: [[system, user]],
	"multi-turn": [
		[
			system,
			user,
			{ role: "assistant", content: "It's clear." },
			{ role: "user", content: "And tomorrow?" },
		],
	],
	tools: [[user], tools],
	"tool-result": [
		[
			user,
			{
				role: "assistant",
				content: "",
				toolCalls: [
					{
						id: "call00001",
						type: "function",
						function: {
							name: "get_weather",
							arguments: '{"city":"Graz","days":2}',
						},
					},
				],
			},
			{
				role: "tool",
				content: '{"sky": "clear"}',
				name: "get_weather",
				toolCallId: "call00001",
			},
		],
		tools,
	],
};

/** Renderings that differ, with the reason. docs/chat-templates.md lists them too. */
const integerKeys =
	"has a mapping with integers as keys, which the template package can't read";
const htmlEscapes =
	"the reference escapes quotes as HTML there (`safe` makes the text markup); ours writes JSON, as llama.cpp does";
const exceptions: Record<string, string> = {
	"ByteDance-Seed-OSS.jinja plain": integerKeys,
	"ByteDance-Seed-OSS.jinja system": integerKeys,
	"ByteDance-Seed-OSS.jinja multi-turn": integerKeys,
	"ByteDance-Seed-OSS.jinja tools": integerKeys,
	"ByteDance-Seed-OSS.jinja tool-result": integerKeys,
	"meetkai-functionary-medium-v3.1.jinja tools": htmlEscapes,
	"meetkai-functionary-medium-v3.1.jinja tool-result": htmlEscapes,
};

const sha256 = (text: string) =>
	createHash("sha256").update(text, "utf8").digest("hex");

function render(
	templates: ChatTemplates,
	source: string,
	[messages, given]: [readonly ChatMessage[], ChatTool[]?],
): string | null {
	try {
		return templates.render(messages, {
			addGenerationPrompt: true,
			// To a template that knows none, ours describes tools in the system message; the reference leaves them out.
			tools: /\btools\b/.test(source) ? given : undefined,
		});
	} catch {
		return null;
	}
}

describe.skipIf(!isHere)("the templates of llama.cpp's source", () => {
	for (const [name, entry] of Object.entries(reference.templates)) {
		const path = join(directory, name);
		it.skipIf(!existsSync(path))(`${name} renders as the reference`, () => {
			const source = readFileSync(path, "utf8");
			expect(sha256(source), "another version of the template").toBe(
				entry.source,
			);
			const templates = new ChatTemplates({
				template: source,
				bosToken: "<bos>",
				eosToken: "<eos>",
				now: () => new Date(2026, 0, 2, 3, 4, 5),
			});
			const outcomes = Object.entries(cases).map(([label, conversation]) => {
				const text = render(templates, source, conversation);
				const known: readonly string[] =
					entry.cases[label as keyof typeof entry.cases];
				if (`${name} ${label}` in exceptions) return `${label}: excepted`;
				// A template that knows no calls would leave them out; ours writes them into the text instead.
				if (label === "tool-result" && !/\btool_calls\b/.test(source))
					return `${label}: described instead`;
				if (known.length === 0)
					return `${label}: ${text === null ? "refused by both" : "only ours renders"}`;
				if (text === null) return `${label}: only the reference renders`;
				return `${label}: ${known.includes(sha256(text)) ? "same" : "DIFFERS"}`;
			});
			if (process.env.GALLEY_SHOW_TEMPLATES) console.log(name, outcomes);
			const wrong = outcomes.filter((outcome) =>
				/DIFFERS|only the reference/.test(outcome),
			);
			expect(wrong).toEqual([]);
		});
	}
});
