import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { resolveServiceConfig } from "../config/service-config.ts";
import { withoutOwnVariables } from "../gateway/fleet/service-recipe.ts";
import { locateModel } from "./locate-model.ts";

/** Weights, and beside them a cache and the buffers of a step; */
const sharePerWeight = 1.5;
/** and the processes themselves. */
const processBytes = 300 * 1024 ** 2;

/** What a replica of a model will take, by the size of its file; what it really takes is measured when it runs. */
export class FleetMemory {
	readonly #environment: Readonly<Record<string, string | undefined>>;
	readonly #bytes = new Map<string, number | null>();

	constructor(environment: Readonly<Record<string, string | undefined>>) {
		this.#environment = environment;
	}

	/** Null while nobody knows; asking finds it out. */
	readonly estimate = (model: string): number | null => {
		const known = this.#bytes.get(model);
		if (known !== undefined) return known;
		this.#bytes.set(model, null);
		void this.#look(model);
		return null;
	};

	async #look(model: string): Promise<void> {
		try {
			const config = resolveServiceConfig({
				flags: {},
				environment: withoutOwnVariables(this.#environment),
			});
			const location = await locateModel(model, config);
			const bytes =
				location.kind === "here"
					? (await stat(location.path)).size
					: location.kind === "encoder"
						? await largestModel(location.directory)
						: null;
			if (bytes !== null)
				this.#bytes.set(model, sharePerWeight * bytes + processBytes);
		} catch {
			// It isn't here, or can't be read: the service itself will say so.
		}
	}
}

async function largestModel(directory: string): Promise<number | null> {
	const names = await readdir(directory, { recursive: true });
	const sizes = await Promise.all(
		names
			.filter((name) => /\.(onnx|gguf)$/.test(name))
			.map(async (name) => (await stat(join(directory, name))).size),
	);
	return sizes.length === 0 ? null : Math.max(...sizes);
}
