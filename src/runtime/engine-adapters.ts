import { stat } from "node:fs/promises";
import type {
	AdapterFile,
	RequestedAdapter,
} from "../adapters/adapter-file.ts";
import { GalleyError } from "../core/errors.ts";
import type { Engine } from "../engine/engine.ts";
import { combinationKey } from "./adapter-combination.ts";

type AdapterEngine = Pick<
	Engine,
	"loadAdapter" | "unloadAdapter" | "setAdapters"
>;

/**
 * Which adapters the engine holds. One is loaded when a step needs it; the one used least recently goes when there are too
 * many, but never one that a running sequence was begun with. Requests bring the whole description of their adapters, so
 * nothing has to be told again to an engine process that was started anew.
 */
export class EngineAdapters {
	readonly #engine: AdapterEngine;
	readonly #maxResident: number;
	/** By content id, the one used last at the end. */
	readonly #resident = new Map<string, number>();
	#appliedKey = "";

	constructor(engine: AdapterEngine, maxResident: number) {
		this.#engine = engine;
		this.#maxResident = maxResident;
	}

	get residentCount(): number {
		return this.#resident.size;
	}

	/** The following runs are computed with these. `busy`: ids that running sequences use. */
	async apply(
		adapters: readonly RequestedAdapter[],
		busy: ReadonlySet<string>,
	): Promise<void> {
		const key = combinationKey(adapters);
		if (key === this.#appliedKey) return;
		const kept = new Set([...busy, ...adapters.map(({ file }) => file.id)]);
		const applied: { handle: number; scale: number }[] = [];
		for (const { file, scale } of adapters)
			applied.push({ handle: await this.#hold(file, kept), scale });
		this.#engine.setAdapters(applied);
		this.#appliedKey = key;
	}

	/** Throws with the reason when an adapter can't be used with this model; it stays loaded where there is room. */
	async check(file: AdapterFile): Promise<void> {
		if (this.#resident.has(file.id)) return;
		const handle = await this.#load(file);
		if (this.#resident.size < this.#maxResident)
			this.#resident.set(file.id, handle);
		else this.#engine.unloadAdapter(handle);
	}

	async #hold(file: AdapterFile, kept: ReadonlySet<string>): Promise<number> {
		const known = this.#resident.get(file.id);
		this.#resident.delete(file.id);
		if (known === undefined) this.#makeRoom(kept);
		const handle = known ?? (await this.#load(file));
		this.#resident.set(file.id, handle);
		return handle;
	}

	#makeRoom(kept: ReadonlySet<string>): void {
		for (const [id, handle] of [...this.#resident]) {
			if (this.#resident.size < this.#maxResident) return;
			if (kept.has(id)) continue;
			// It may be what the last run was computed with.
			this.#engine.setAdapters([]);
			this.#appliedKey = "";
			this.#engine.unloadAdapter(handle);
			this.#resident.delete(id);
		}
	}

	/** What another file says now must not be taken for what the requests asked for. */
	async #load(file: AdapterFile): Promise<number> {
		const { name, path } = file;
		const now = await stat(path).catch(() => null);
		if (now?.size !== file.sizeBytes || now.mtimeMs !== file.modifiedMs) {
			throw new GalleyError(
				"model_unusable",
				`The adapter "${name}" can't be loaded: its file ${path} is ${now === null ? "gone" : "another one"} since it was registered. Load the adapter again.`,
			);
		}
		return this.#engine.loadAdapter(path);
	}
}
