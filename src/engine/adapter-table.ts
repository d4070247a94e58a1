import { GalleyError } from "../core/errors.ts";
import type { AppliedAdapter } from "./engine.ts";

/** Which adapters an engine has, by handle, and which are set: what every engine refuses, it refuses here. */
export class AdapterTable<Adapter> {
	readonly #loaded = new Map<number, Adapter>();
	#set: readonly AppliedAdapter[] = [];
	#nextHandle = 1;

	add(adapter: Adapter): number {
		const handle = this.#nextHandle++;
		this.#loaded.set(handle, adapter);
		return handle;
	}

	/** The adapter that must be freed now. */
	remove(handle: number): Adapter {
		const adapter = this.#find(handle);
		if (this.#set.some((applied) => applied.handle === handle)) {
			throw new GalleyError(
				"engine_error",
				`Adapter ${handle} is set: set others before it is unloaded.`,
			);
		}
		this.#loaded.delete(handle);
		return adapter;
	}

	/** Those that do something, with their scales. */
	set(adapters: readonly AppliedAdapter[]): [Adapter, number][] {
		const found = adapters
			.filter(({ scale }) => scale !== 0)
			.map(({ handle, scale }): [Adapter, number] => {
				if (Number.isFinite(scale)) return [this.#find(handle), scale];
				throw new GalleyError(
					"engine_error",
					`The scale of an adapter must be a finite number, not ${scale}.`,
				);
			});
		if (new Set(adapters.map(({ handle }) => handle)).size < adapters.length) {
			throw new GalleyError(
				"engine_error",
				"An adapter can be set once only: add its scales up.",
			);
		}
		this.#set = adapters;
		return found;
	}

	/** What `set` was told last. */
	get current(): readonly AppliedAdapter[] {
		return this.#set;
	}

	/** All of them, to be freed. */
	drain(): Adapter[] {
		const all = [...this.#loaded.values()];
		this.#loaded.clear();
		this.#set = [];
		return all;
	}

	#find(handle: number): Adapter {
		const adapter = this.#loaded.get(handle);
		if (adapter !== undefined) return adapter;
		throw new GalleyError(
			"engine_error",
			`There is no adapter ${handle}: load it first.`,
		);
	}
}
