import type { Answer } from "./answer.ts";
import {
	type Conversation,
	emptyConversation,
	type Message,
	type Turn,
} from "./conversation.ts";
import { parseAnswer } from "./parse-answer.ts";
import { outputKinds, parseSettings, type Settings } from "./settings.ts";
import { asList, asRecord, asText, type Unknown } from "./wire.ts";

export const panels = [
	"chat",
	"compare",
	"completions",
	"embeddings",
	"reranking",
] as const;

export type Panel = (typeof panels)[number];

/** One of the answers side by side. */
export interface ComparedColumn {
	id: string;
	settings: Settings;
	/** Null before it was asked. */
	answer: Answer | null;
	/** What the answer is to, whatever the prompt says since. */
	asked: string;
}

/** What each panel keeps. */
export interface PanelContent {
	chat: { settings: Settings; conversation: Conversation; draft: string };
	compare: {
		system: string;
		prompt: string;
		columns: readonly ComparedColumn[];
	};
	completions: {
		settings: Settings;
		prompt: string;
		suffix: string;
		echo: boolean;
		/** Null before it was asked. */
		answer: Answer | null;
		/** What stood around the answer when it was asked for. */
		asked: { prompt: string; suffix: string };
	};
	embeddings: {
		model: string;
		texts: string;
		inputType: "query" | "passage" | null;
		dimensions: number | null;
	};
	reranking: { model: string; query: string; passages: string };
}

export interface PlaygroundSession<P extends Panel = Panel> {
	id: string;
	panel: P;
	title: string;
	/** Milliseconds since 1970. */
	updatedAt: number;
	content: PanelContent[P];
}

const fileFormat = "galley-playground";
export const mostFileBytes = 32 * 1024 * 1024;

/** A session as a file to hand on. */
export function toSessionFile({
	panel,
	title,
	content,
}: PlaygroundSession): string {
	return `${JSON.stringify({ format: fileFormat, version: 1, panel, title, content }, null, 2)}\n`;
}

export interface OpenedFile {
	panel: Panel;
	title: string;
	content: PanelContent[Panel];
}

/** What a file holds, or why it can't be opened. Nothing in it is trusted to have the right shape. */
export function readSessionFile(text: string): OpenedFile | string {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		return "This file is no JSON: choose one that the playground exported.";
	}
	const file = asRecord(value);
	if (file === null || file.format !== fileFormat)
		return "This file is no session of the playground: choose one that it exported.";
	if (file.version !== 1)
		return `This file has version ${JSON.stringify(file.version)}; this console reads version 1. Update Galley.`;
	const panel = panels.find((name) => name === file.panel);
	if (panel === undefined)
		return "This file does not say which panel it belongs to.";
	return {
		panel,
		title: (asText(file.title) ?? "").slice(0, 200),
		content: parseContent(panel, file.content),
	};
}

/** Content of any origin in the shape of today. */
export function parseContent<P extends Panel>(
	panel: P,
	value: unknown,
): PanelContent[P] {
	const given = asRecord(value) ?? {};
	const parsers: { [Name in Panel]: () => PanelContent[Name] } = {
		chat: () => ({
			settings: parseSettings(given.settings),
			conversation: parseConversation(given.conversation),
			draft: asText(given.draft) ?? "",
		}),
		compare: () => {
			const columns = asList(given.columns).slice(0, 4).map(parseColumn);
			while (columns.length < 2)
				columns.push(parseColumn(null, columns.length));
			return {
				system: asText(given.system) ?? "",
				prompt: asText(given.prompt) ?? "",
				columns,
			};
		},
		completions: () => ({
			settings: parseSettings(given.settings),
			prompt: asText(given.prompt) ?? "",
			suffix: asText(given.suffix) ?? "",
			echo: given.echo === true,
			answer: parseKeptAnswer(given.answer),
			asked: {
				prompt: asText(asRecord(given.asked)?.prompt) ?? "",
				suffix: asText(asRecord(given.asked)?.suffix) ?? "",
			},
		}),
		embeddings: () => ({
			model: asText(given.model) ?? "",
			texts: asText(given.texts) ?? "",
			inputType:
				given.inputType === "query" || given.inputType === "passage"
					? given.inputType
					: null,
			dimensions:
				typeof given.dimensions === "number" && given.dimensions >= 1
					? Math.round(given.dimensions)
					: null,
		}),
		reranking: () => ({
			model: asText(given.model) ?? "",
			query: asText(given.query) ?? "",
			passages: asText(given.passages) ?? "",
		}),
	};
	return parsers[panel]();
}

function parseColumn(value: unknown, place: number): ComparedColumn {
	const column = asRecord(value);
	return {
		id: `column-${place + 1}`,
		settings: parseSettings(column?.settings),
		answer: parseKeptAnswer(column?.answer),
		asked: asText(column?.asked) ?? "",
	};
}

function parseKeptAnswer(value: unknown): Answer | null {
	const answer = asRecord(value);
	return answer === null ? null : parseAnswer(answer);
}

function parseConversation(value: unknown): Conversation {
	const given = asRecord(value);
	if (given === null) return emptyConversation;
	const turns: Record<string, Turn> = {};
	for (const [id, one] of Object.entries(asRecord(given.turns) ?? {})) {
		const turn = asRecord(one);
		const message = parseMessage(asRecord(turn?.message) ?? {});
		if (turn === null || message === null) continue;
		turns[id] = { id, parent: asText(turn.parent), message };
	}
	const chosen: Record<string, string> = {};
	for (const [fork, id] of Object.entries(asRecord(given.chosen) ?? {})) {
		const turn = typeof id === "string" ? turns[id] : undefined;
		if (turn !== undefined && (turn.parent ?? "root") === fork)
			chosen[fork] = turn.id;
	}
	return { turns, chosen };
}

function parseMessage(message: Unknown): Message | null {
	switch (message.role) {
		case "user":
			return {
				role: "user",
				text: asText(message.text) ?? "",
				// Only pictures that are in the file: one from elsewhere would tell its host who opens it.
				images: asList(message.images).filter(
					(url): url is string =>
						typeof url === "string" &&
						/^data:image\/(?:png|jpeg|webp|gif);base64,[\w+/=]*$/.test(url),
				),
			};
		case "tool":
			return {
				role: "tool",
				callId: asText(message.callId) ?? "",
				name: asText(message.name) ?? "",
				text: asText(message.text) ?? "",
			};
		case "assistant":
			return {
				role: "assistant",
				answer: parseAnswer(asRecord(message.answer) ?? {}),
				form: outputKinds.find((kind) => kind === message.form) ?? "text",
			};
		default:
			return null;
	}
}
