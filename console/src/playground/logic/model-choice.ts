import type { CatalogEntry } from "../../api/catalog-types.ts";
import { recommendedSettings } from "../../models/recommended-settings.ts";
import type { Panel } from "./session-file.ts";

/** A model that can be asked, with what is known about it. */
export interface PlaygroundModel {
	id: string;
	/** Of an adapter, its base model. */
	parent: string | null;
	/** Null where nobody said what it is for. */
	task: "chat" | "embedding" | "reranking" | "other" | null;
	/** False unless somebody said that it does. */
	seesImages: boolean;
	maxLength: number | null;
	/** What the publisher says to sample with, as requests say it; empty where nothing is known. */
	recommended: Readonly<Record<string, number>>;
}

interface ModelSources {
	served: readonly {
		id: string;
		parent: string | null;
		max_model_len?: number | null;
	}[];
	services: readonly { name: string; model: string; task: string | null }[];
	entries: readonly {
		id: string;
		tasks: readonly string[];
		capabilities?: Readonly<Record<string, unknown>>;
		settings?: CatalogEntry["settings"];
	}[];
}

/** What is served, joined with what the fleet and the catalog say about it. An adapter does what its base does. */
export function toPlaygroundModels({
	served,
	services,
	entries,
}: ModelSources): PlaygroundModel[] {
	return served.map(({ id, parent, max_model_len: maxLength }) => {
		const base = parent ?? id;
		const service = services.find(({ name }) => name === base);
		const entry = entries.find(
			(one) => one.id === base || one.id === service?.model,
		);
		return {
			id,
			parent,
			task: toTask([service?.task ?? null, ...(entry?.tasks ?? [])]),
			seesImages: entry?.capabilities?.vision === true,
			maxLength: maxLength ?? null,
			recommended: recommendedSettings({
				settings: entry?.settings ?? "unknown",
			}),
		};
	});
}

function toTask(tasks: readonly (string | null)[]): PlaygroundModel["task"] {
	const named = tasks.filter((task) => task !== null);
	if (named.length === 0) return null;
	const says = (pattern: RegExp) => named.some((task) => pattern.test(task));
	if (says(/rerank|ranking/)) return "reranking";
	if (says(/embed/)) return "embedding";
	if (says(/chat|text-generation|code|language|completion|reasoning/))
		return "chat";
	return "other";
}

/** Models that a panel can ask; one of which nothing is known may be anything. */
export function modelsFor(
	panel: Panel,
	models: readonly PlaygroundModel[],
): PlaygroundModel[] {
	const wanted =
		panel === "embeddings"
			? "embedding"
			: panel === "reranking"
				? "reranking"
				: "chat";
	return models.filter(({ task }) => task === null || task === wanted);
}

/** The panel that suits a model. */
export function panelFor(
	model: PlaygroundModel | undefined,
	asked: string | undefined,
): Panel {
	const named: Record<string, Panel> = {
		chat: "chat",
		compare: "compare",
		completion: "completions",
		completions: "completions",
		embedding: "embeddings",
		embeddings: "embeddings",
		reranking: "reranking",
		rerank: "reranking",
	};
	const known = asked === undefined ? undefined : named[asked];
	if (known !== undefined) return known;
	if (model?.task === "embedding") return "embeddings";
	if (model?.task === "reranking") return "reranking";
	return "chat";
}
