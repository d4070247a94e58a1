import type { RequestedAdapter } from "../adapters/adapter-file.ts";
import type { AdapterRegistry } from "../adapters/adapter-registry.ts";
import { GalleyError, toGalleyError } from "../core/errors.ts";
import type { GenerationRequest } from "../core/generation-request.ts";
import type { AdapterInfo, ModelEntry } from "../core/language-service.ts";
import type { LiveRequest } from "./live-request.ts";

/** The files behind a request's adapters as they are now, or why it can't have them. */
export function toRequestedAdapters(
	{ adapters }: GenerationRequest,
	registry: Pick<AdapterRegistry, "resolve"> | null,
	maxAdapters: number,
): readonly RequestedAdapter[] | GalleyError {
	const working = adapters.filter(({ scale }) => scale !== 0);
	if (working.length > maxAdapters) {
		return new GalleyError(
			"invalid_request",
			`The request names ${working.length} adapters, and the engine holds ${maxAdapters} at once. Name fewer, or raise --max-loras.`,
			{ param: "lora" },
		);
	}
	try {
		return working.map(({ name, scale }) => {
			if (registry !== null) return { file: registry.resolve(name), scale };
			const message = `The adapter '${name}' does not exist here.`;
			throw new GalleyError("model_not_found", message, { param: "model" });
		});
	} catch (thrown) {
		return toGalleyError(thrown);
	}
}

/** Adapters as clients see models: their root and parent are the base model. */
export function adapterEntries(
	{ id, maxModelLength }: ModelEntry,
	adapters: readonly AdapterInfo[],
): ModelEntry[] {
	return adapters.map(({ name, created }) => ({
		id: name,
		created,
		root: id,
		parent: id,
		maxModelLength,
	}));
}

/** Names of the adapters that requests in the engine use, and of those that only waiting requests do. */
export function adapterActivity(
	requests: Iterable<Pick<LiveRequest, "request" | "hasStarted">>,
): { running: readonly string[]; waiting: readonly string[] } {
	const running = new Set<string>();
	const waiting = new Set<string>();
	for (const { request, hasStarted } of requests)
		for (const { name } of request.adapters)
			(hasStarted ? running : waiting).add(name);
	for (const name of running) waiting.delete(name);
	return { running: [...running].sort(), waiting: [...waiting].sort() };
}
