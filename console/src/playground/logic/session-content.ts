import {
	emptyConversation,
	pathOf,
	shortLine,
	titleOf,
} from "./conversation.ts";
import type { PlaygroundModel } from "./model-choice.ts";
import type { Panel, PanelContent, PlaygroundSession } from "./session-file.ts";
import { defaultSettings, type Settings } from "./settings.ts";

/** What a panel starts with. */
export function freshContent<P extends Panel>(
	panel: P,
	model = "",
): PanelContent[P] {
	const settings = { ...defaultSettings, model };
	const fresh: PanelContent = {
		chat: { settings, conversation: emptyConversation, draft: "" },
		compare: {
			system: "",
			prompt: "",
			columns: [
				{ id: "column-1", settings, answer: null, asked: "" },
				{ id: "column-2", settings, answer: null, asked: "" },
			],
		},
		completions: {
			settings: { ...settings, parameters: { max_tokens: 128 } },
			prompt: "",
			suffix: "",
			echo: false,
			answer: null,
			asked: { prompt: "", suffix: "" },
		},
		embeddings: { model, texts: "", inputType: null, dimensions: null },
		reranking: { model, query: "", passages: "" },
	};
	return fresh[panel];
}

/** What a session is called until somebody names it; empty while there is nothing worth keeping. */
export function titleFor({
	panel,
	content,
}: Pick<PlaygroundSession, "panel" | "content">): string {
	switch (panel) {
		case "chat": {
			const { conversation } = content as PanelContent["chat"];
			if (pathOf(conversation).length === 0) return "";
			return titleOf(conversation) || "Pictures";
		}
		case "compare":
			return shortLine((content as PanelContent["compare"]).prompt);
		case "completions":
			return shortLine((content as PanelContent["completions"]).prompt);
		case "embeddings":
			return shortLine((content as PanelContent["embeddings"]).texts);
		case "reranking": {
			const { query, passages } = content as PanelContent["reranking"];
			return shortLine(query) || shortLine(passages);
		}
	}
}

/** An id that is good enough for one browser; addresses without TLS have no `crypto.randomUUID`. */
export function newId(): string {
	const bytes = crypto.getRandomValues(new Uint8Array(8));
	const random = Array.from(bytes, (byte) =>
		byte.toString(16).padStart(2, "0"),
	);
	return `${Date.now().toString(36)}-${random.join("")}`;
}

type Advised = Pick<PlaygroundModel, "id" | "recommended">;

/** Another model's recommendations take the place of the last one's; what somebody set stays. */
export function withRecommended(
	settings: Settings,
	model: string,
	models: readonly Advised[],
): Settings {
	const before = adviceFor(settings.model, models);
	const kept = Object.entries(settings.parameters).filter(
		([name, value]) => before[name] !== value,
	);
	return {
		...settings,
		model,
		parameters: { ...adviceFor(model, models), ...Object.fromEntries(kept) },
	};
}

function adviceFor(model: string, models: readonly Advised[]) {
	return models.find(({ id }) => id === model)?.recommended ?? {};
}

/** A session in which nothing was asked yet begins with what its models' publishers recommend. */
export function withFirstSettings<P extends Panel>(
	content: PanelContent[P],
	models: readonly Advised[],
): PanelContent[P] {
	const advised = (settings: Settings): Settings => {
		const advice = Object.keys(adviceFor(settings.model, models));
		return advice.every((name) => settings.parameters[name] !== undefined)
			? settings
			: {
					...settings,
					parameters: {
						...adviceFor(settings.model, models),
						...settings.parameters,
					},
				};
	};
	if ("columns" in content) {
		if (content.columns.some(({ answer }) => answer !== null)) return content;
		const columns = content.columns.map((column) => {
			const settings = advised(column.settings);
			return settings === column.settings ? column : { ...column, settings };
		});
		return columns.every((column, place) => column === content.columns[place])
			? content
			: { ...content, columns };
	}
	if (!("settings" in content)) return content;
	const isFresh =
		"conversation" in content
			? pathOf(content.conversation).length === 0
			: content.answer === null;
	const settings = isFresh ? advised(content.settings) : content.settings;
	return settings === content.settings ? content : { ...content, settings };
}

/** With models in the places where none was chosen yet: the first one that is served, or in a comparison each in turn. */
export function withDefaultModels<P extends Panel>(
	content: PanelContent[P],
	models: readonly string[],
): PanelContent[P] {
	const [first] = models;
	if (first === undefined) return content;
	if ("columns" in content) {
		if (content.columns.every(({ settings }) => settings.model !== ""))
			return content;
		return {
			...content,
			columns: content.columns.map((column, index) =>
				column.settings.model !== ""
					? column
					: {
							...column,
							settings: {
								...column.settings,
								model: models[index % models.length] ?? first,
							},
						},
			),
		};
	}
	if ("settings" in content)
		return content.settings.model === ""
			? { ...content, settings: { ...content.settings, model: first } }
			: content;
	return content.model === "" ? { ...content, model: first } : content;
}
