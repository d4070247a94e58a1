import type { Fleet } from "./fleet/fleet-file.ts";
import type { ReplicaSet } from "./replicas/replica-set.ts";

interface ModelEntry {
	id: string;
	root: string;
	parent: string | null;
	[field: string]: unknown;
}

/** How long a service's list is believed: adapters come and go without a word. */
const freshMs = 2000;

/** What the services say that they serve: their model and its adapters. */
export class ServedModels {
	readonly #fleet: Fleet;
	readonly #services: ReadonlyMap<string, ReplicaSet>;
	readonly #lists = new Map<string, { at: number; entries: ModelEntry[] }>();

	constructor(fleet: Fleet, services: ReadonlyMap<string, ReplicaSet>) {
		this.#fleet = fleet;
		this.#services = services;
	}

	/** Adapter -> service, as last heard. */
	adapters(): Map<string, string> {
		const adapters = new Map<string, string>();
		for (const [service, { entries }] of this.#lists)
			for (const { id, parent } of entries)
				if (parent !== null) adapters.set(id, service);
		return adapters;
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
				({ name }) => this.#lists.get(name)?.entries ?? [plain(name, "galley")],
			),
			...upstreams.flatMap(({ name, models }) =>
				models.map((model) => plain(model, name)),
			),
			...Object.keys(aliases).map((name) => plain(name, "galley")),
		];
	}

	/** Asks the services that are ready and weren't asked lately. */
	async refresh(): Promise<void> {
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
						signal: AbortSignal.timeout(2000),
					});
					const { data } = (await body.json()) as { data: ModelEntry[] };
					if (statusCode === 200)
						this.#lists.set(name, { at: now, entries: data });
				} catch {
					// It is busy or going: what was known stays.
				}
			}),
		);
	}
}
