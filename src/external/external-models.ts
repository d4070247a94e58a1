import type { Dispatcher } from "undici";
import { GalleyError } from "../core/errors.ts";
import type { ModelEntry } from "../core/language-service.ts";

/** A model as its own server calls it. */
interface Listed {
	id: string;
	parent: string | null;
	maxModelLength: number;
}

/** What clients may ask for, and how the engine calls it. */
export interface ExternalModels {
	/** The base model first. */
	entries: readonly ModelEntry[];
	/** Our name -> the engine's. */
	names: ReadonlyMap<string, string>;
}

interface Asked {
	/** What is to be served, where that was said. */
	model: string | null;
	/** What clients call it. */
	servedName: string | null;
	created: number;
}

/**
 * What of a server's models is served: the one that was asked for, or all when nothing was said, and their adapters. Pure. Throws
 * `model_not_found`.
 */
export function externalModels(
	list: readonly Listed[],
	{ model, servedName, created }: Asked,
): ExternalModels {
	const bases = list.filter(({ parent }) => parent === null);
	const wanted =
		bases.find(({ id }) => id === model) ??
		bases.find(({ id }) => id === servedName) ??
		// A server that has one model may call it by its file.
		(model === null || bases.length === 1 ? bases[0] : undefined);
	if (wanted === undefined)
		throw new GalleyError(
			"model_not_found",
			`The engine has no model '${model}'. It has ${list.map(({ id }) => `'${id}'`).join(", ") || "none"}.`,
		);
	const name = servedName ?? model ?? wanted.id;
	const names = new Map([[name, wanted.id]]);
	const entry = (
		id: string,
		parent: string | null,
		max: number,
	): ModelEntry => ({
		id,
		created,
		root: parent ?? id,
		parent,
		maxModelLength: max,
	});
	const entries = [entry(name, null, wanted.maxModelLength)];
	for (const { id, parent, maxModelLength } of list) {
		const isAdapter = parent === wanted.id;
		if (names.has(id) || id === wanted.id) continue;
		if (!isAdapter && model !== null) continue;
		names.set(id, id);
		entries.push(entry(id, isAdapter ? name : parent, maxModelLength));
	}
	return { entries, names };
}

const listMs = 10_000;

/** Asks a server for its models. */
export async function listModels(
	pool: Dispatcher,
	base: string,
	headers: Readonly<Record<string, string>>,
): Promise<Listed[]> {
	const { statusCode, body } = await pool.request({
		origin: "http://engine",
		path: `${base}/v1/models`,
		method: "GET",
		headers,
		signal: AbortSignal.timeout(listMs),
	});
	const text = await body.text();
	if (statusCode !== 200)
		throw new GalleyError(
			"upstream_error",
			`The engine answered GET /v1/models with ${statusCode}.`,
		);
	return readModelList(text);
}

/** The list as OpenAI, vLLM and llama-server write it. Throws `upstream_error`. */
export function readModelList(text: string): Listed[] {
	try {
		const { data } = JSON.parse(text) as { data: Record<string, unknown>[] };
		return data.flatMap(({ id, parent, max_model_len, meta }) => {
			if (typeof id !== "string") return [];
			const { n_ctx: context } = (meta ?? {}) as { n_ctx?: unknown };
			const length = max_model_len ?? context;
			return [
				{
					id,
					parent: typeof parent === "string" ? parent : null,
					maxModelLength: typeof length === "number" ? length : 0,
				},
			];
		});
	} catch (cause) {
		throw new GalleyError(
			"upstream_error",
			"The engine's GET /v1/models is no list of models.",
			{ cause },
		);
	}
}
