import type { Fleet } from "./fleet/fleet-file.ts";
import { adapterNames } from "./fleet/fleet-problems.ts";
import type { ReplicaSet } from "./replicas/replica-set.ts";

interface ModelEntry {
	id: string;
	root: string;
	parent: string | null;
	[field: string]: unknown;
}

/** How long a service's list is believed: adapters come and go without a word. */
const freshMs = 2000;
const askMs = 2000;

/** What the services say that they serve: their model and its adapters. */
export class ServedModels {
	readonly #services: ReadonlyMap<string, ReplicaSet>;
	readonly #lists = new Map<string, { at: number; entries: ModelEntry[] }>();
	/** As it is now: its fields are replaced when the fleet changes. */
	readonly #fleet: Fleet;
	#adapters: ReadonlyMap<string, string> = new Map();
	/** Those that the adapters were read from. */
	#seen: Fleet["services"] | null = null;
	#refreshing: Promise<void> | null = null;

	constructor(fleet: Fleet, services: ReadonlyMap<string, ReplicaSet>) {
		this.#fleet = fleet;
		this.#services = services;
	}

	/** Adapter -> service: those that services are started with, whether they run or not, and those last heard of. */
	adapters(): ReadonlyMap<string, string> {
		if (this.#seen !== this.#fleet.services) this.#readAdapters();
		return this.#adapters;
	}

	/** Every name that a request may carry: services whether they run or not, their adapters, upstreams' models, aliases. */
	async list(): Promise<ModelEntry[]> {
		await this.refresh();
		const { services, upstreams, aliases } = this.#fleet;
		const created = Math.floor(Date.now() / 1000);
		const plain = (id: string, owner: string, root = id): ModelEntry => ({
			id,
			object: "model",
			created,
			owned_by: owner,
			root,
			parent: null,
		});
		return [
			...services.flatMap(
				(service) =>
					this.#lists.get(service.name)?.entries ?? [
						plain(service.name, "galley"),
						...adapterNames(service).map((adapter) => ({
							...plain(adapter, "galley", service.name),
							parent: service.name,
						})),
					],
			),
			...upstreams.flatMap(({ name, models }) =>
				models.map((model) => plain(model, name)),
			),
			...Object.keys(aliases).map((name) => plain(name, "galley")),
		];
	}

	/** Asks the services that are ready and weren't asked lately. Whoever comes meanwhile waits for the same answers. */
	refresh(): Promise<void> {
		this.#refreshing ??= this.#ask().finally(() => {
			this.#refreshing = null;
		});
		return this.#refreshing;
	}

	async #ask(): Promise<void> {
		const now = performance.now();
		await Promise.all(
			[...this.#services].map(async ([name, set]) => {
				const known = this.#lists.get(name);
				const replica = set.replicas.find(({ phase }) => phase === "ready");
				const isFresh = known !== undefined && now - known.at < freshMs;
				if (replica === undefined || isFresh) return;
				try {
					const { statusCode, body } = await replica.pool.request({
						path: "/v1/models",
						method: "GET",
						signal: AbortSignal.timeout(askMs),
					});
					const { data } = (await body.json()) as { data: ModelEntry[] };
					if (statusCode === 200)
						this.#lists.set(name, { at: now, entries: data });
				} catch {
					// It is busy or going: what was known stays.
				}
			}),
		);
		this.#readAdapters();
	}

	#readAdapters(): void {
		const adapters = new Map<string, string>();
		this.#seen = this.#fleet.services;
		const names = new Set(this.#seen.map(({ name }) => name));
		for (const name of [...this.#lists.keys()])
			if (!names.has(name)) this.#lists.delete(name);
		for (const service of this.#seen)
			for (const adapter of adapterNames(service))
				adapters.set(adapter, service.name);
		for (const [service, { entries }] of this.#lists)
			for (const { id, parent } of entries)
				if (parent !== null) adapters.set(id, service);
		this.#adapters = adapters;
	}
}
