import { toGalleyError } from "../core/errors.ts";
import { type FoundAdapter, findAdapters } from "./adapter-directory.ts";
import type { AdapterRegistry } from "./adapter-registry.ts";

export interface AdapterWatchOptions {
	directory: string;
	registry: Pick<AdapterRegistry, "register" | "unload">;
	/** 0 looks once. */
	refreshSeconds: number;
	/** Names that are taken by others and left alone. */
	takenNames: ReadonlySet<string>;
	log(level: "warn", message: string): void;
}

/**
 * Keeps the registry's adapters those of a directory. It asks again and again instead of waiting for events, which network
 * volumes and Kubernetes' links do not bring.
 */
export class AdapterWatch implements Disposable {
	readonly #options: AdapterWatchOptions;
	/** What was registered last, by name. */
	readonly #known = new Map<string, string>();
	#timer: NodeJS.Timeout | null = null;
	#isDisposed = false;
	#problem: string | null = null;

	constructor(options: AdapterWatchOptions) {
		this.#options = options;
	}

	/** Resolves when the first look is done; throws when the directory can't be read then. */
	async start(): Promise<void> {
		this.#take(await findAdapters(this.#options.directory));
		await this.#settled;
		this.#again();
	}

	/** One look. A directory that can't be read for a while changes nothing. */
	async refresh(): Promise<void> {
		try {
			this.#take(await findAdapters(this.#options.directory));
			await this.#settled;
			this.#problem = null;
		} catch (thrown) {
			const { message } = toGalleyError(thrown);
			if (message !== this.#problem) this.#options.log("warn", message);
			this.#problem = message;
		}
	}

	[Symbol.dispose](): void {
		this.#isDisposed = true;
		if (this.#timer !== null) clearTimeout(this.#timer);
	}

	#settled: Promise<unknown> = Promise.resolve();

	#take(found: readonly FoundAdapter[]): void {
		const { registry, takenNames } = this.#options;
		const names = new Set(found.map(({ name }) => name));
		for (const name of [...this.#known.keys()]) {
			if (names.has(name)) continue;
			this.#known.delete(name);
			// It may have been unloaded by hand.
			try {
				registry.unload(name, null);
			} catch (thrown) {
				this.#options.log("warn", toGalleyError(thrown).message);
			}
		}
		const news = found.filter(
			({ name, stamp }) =>
				this.#known.get(name) !== stamp && !takenNames.has(name),
		);
		for (const { name, stamp } of news) this.#known.set(name, stamp);
		const keepsCopy = this.#options.refreshSeconds > 0;
		this.#settled = Promise.all(
			news.map(({ name, path }) =>
				registry.register(name, path, { keepsCopy }),
			),
		);
	}

	#again(): void {
		const { refreshSeconds } = this.#options;
		if (refreshSeconds === 0 || this.#isDisposed) return;
		this.#timer = setTimeout(() => {
			void this.refresh().then(() => this.#again());
		}, refreshSeconds * 1000);
		this.#timer.unref();
	}
}
