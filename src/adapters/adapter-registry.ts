import { realpath } from "node:fs/promises";
import { resolve as resolvePath, sep } from "node:path";
import { GalleyError, toGalleyError } from "../core/errors.ts";
import type { AdapterInfo, AdapterService } from "../core/language-service.ts";
import { nearestName } from "../core/nearest-name.ts";
import type { AdapterFile } from "./adapter-file.ts";
import { readAdapterMetadata } from "./adapter-metadata.ts";
import { assertAdapterName } from "./adapter-name.ts";
import { prepareAdapter } from "./adapter-source.ts";

export interface AdapterRegistryOptions {
	baseModelName: string;
	/** A GGUF file. */
	baseModelPath: string;
	cacheDirectory: string;
	/** The largest rank that is taken; null takes any. */
	maxRank: number | null;
	/** Directories that `load` may take adapters from. */
	roots: readonly string[];
	/** Rejects with the reason when the engine can't use it. */
	check(file: AdapterFile): Promise<void>;
	log(level: "info" | "warn", message: string): void;
	/** Milliseconds since 1970. */
	now?: () => number;
}

interface Registered {
	info: AdapterInfo;
	/** Null until it can be used. */
	file: AdapterFile | null;
}

export interface RegisterOptions {
	/** The source may be overwritten while requests still use what it was. */
	keepsCopy: boolean;
}

/**
 * The adapters of one base model by name. A name stands for one content at a time; when that changes the name gets a new id,
 * and requests that have begun go on with the old one, whose description they carry.
 *
 *     register -> loading -> ready -> (new content) ready again, new id
 *                        \-> failed (stays listed with its reason, so that the operator sees it)
 */
export class AdapterRegistry implements AdapterService {
	readonly #options: AdapterRegistryOptions;
	readonly #adapters = new Map<string, Registered>();
	#nextId = 1;
	/** One at a time: each may convert, and is computed on the engine's thread. */
	#queue: Promise<unknown> = Promise.resolve();

	constructor(options: AdapterRegistryOptions) {
		this.#options = options;
	}

	list(): readonly AdapterInfo[] {
		return [...this.#adapters.values()].map(({ info }) => info);
	}

	/** Those that requests can name. */
	ready(): readonly AdapterInfo[] {
		return [...this.#adapters.values()]
			.filter(({ file }) => file !== null)
			.map(({ info }) => info);
	}

	/** What a request's name stands for now. */
	resolve(name: string): AdapterFile {
		const known = this.#adapters.get(name);
		if (known !== undefined && known.file !== null) return known.file;
		throw this.#unknown(name, known?.info);
	}

	/**
	 * Makes a name stand for what lies at `path`. Never throws: what can't be used is logged and listed with its reason, and
	 * an older content of the name goes on.
	 */
	register(
		name: string,
		path: string,
		options: RegisterOptions,
	): Promise<AdapterInfo> {
		const registered = this.#queue.then(() =>
			this.#register(name, path, options),
		);
		this.#queue = registered;
		return registered;
	}

	async load(name: string, path: string): Promise<AdapterInfo> {
		assertAdapterName(name, this.#options.baseModelName);
		await this.#assertInRoots(path);
		if ((this.#adapters.get(name)?.file ?? null) !== null)
			throw new GalleyError(
				"invalid_request",
				`The adapter "${name}" is loaded already. Unload it first, or take another name.`,
				{ param: "lora_name" },
			);
		const info = await this.register(name, path, { keepsCopy: true });
		if (info.state === "ready") return info;
		this.#adapters.delete(name);
		throw new GalleyError(
			"invalid_request",
			`The adapter "${name}" can't be loaded: ${info.problem}`,
			{ param: "lora_path" },
		);
	}

	unload(name: string, id: number | null): AdapterInfo {
		const known = this.#adapters.get(name);
		if (known === undefined) throw this.#unknown(name, undefined, "lora_name");
		if (id !== null && id !== known.info.id) {
			throw new GalleyError(
				"invalid_request",
				`The adapter "${name}" has the id ${known.info.id}, not ${id}: it was loaded anew. Leave the id out, or send the present one.`,
				{ param: "lora_int_id" },
			);
		}
		this.#adapters.delete(name);
		this.#options.log("info", `Adapter ${name} is gone.`);
		return known.info;
	}

	async #register(
		name: string,
		path: string,
		{ keepsCopy }: RegisterOptions,
	): Promise<AdapterInfo> {
		const { baseModelName, baseModelPath, cacheDirectory } = this.#options;
		const before = this.#adapters.get(name);
		const created = Math.floor((this.#options.now ?? Date.now)() / 1000);
		const empty: AdapterInfo = {
			name,
			id: this.#nextId++,
			state: "loading",
			problem: null,
			path,
			rank: null,
			sizeBytes: null,
			created,
		};
		if (before === undefined || before.file === null)
			this.#adapters.set(name, { info: empty, file: null });
		let prepared = path;
		try {
			assertAdapterName(name, baseModelName);
			const file = await prepareAdapter(name, path, {
				baseModelPath,
				cacheDirectory,
				keepsCopy,
			});
			prepared = file.path;
			const { rank } = await readAdapterMetadata(file.path);
			this.#assertRank(rank);
			await this.#options.check(file);
			const { sizeBytes } = file;
			const info: AdapterInfo = { ...empty, state: "ready", rank, sizeBytes };
			this.#adapters.set(name, { info, file });
			this.#options.log(
				"info",
				`Adapter ${name} is ready (rank ${rank}, ${path}).`,
			);
			return info;
		} catch (thrown) {
			// Whoever named the adapter knows it by its own path, not by that of our copy.
			const { message } = toGalleyError(thrown);
			const problem = message.replaceAll(prepared, path);
			return this.#refuse(empty, before, problem);
		}
	}

	#refuse(
		info: AdapterInfo,
		before: Registered | undefined,
		problem: string,
	): AdapterInfo {
		const failed: AdapterInfo = { ...info, state: "failed", problem };
		const goesOn = before !== undefined && before.file !== null;
		if (goesOn) before.info = { ...before.info, problem };
		else this.#adapters.set(info.name, { info: failed, file: null });
		const rest = goesOn ? " What it was before goes on." : "";
		this.#options.log(
			"warn",
			`Adapter ${info.name} can't be used: ${problem}${rest}`,
		);
		return failed;
	}

	#assertRank(rank: number): void {
		const { maxRank } = this.#options;
		if (maxRank === null || rank <= maxRank) return;
		throw new GalleyError(
			"model_unusable",
			`Its rank is ${rank}, and --max-lora-rank allows ${maxRank}.`,
		);
	}

	/** Links are followed first: one must not lead out of the directories that the operator gave. */
	async #assertInRoots(path: string): Promise<void> {
		const { roots } = this.#options;
		const refuse = (reason: string) =>
			new GalleyError("permission_denied", reason, { param: "lora_path" });
		if (roots.length === 0)
			throw refuse(
				"Adapters can be loaded from nowhere here: the operator gave no --lora-root and no --lora-dir.",
			);
		const real = await realpath(resolvePath(path)).catch(() => null);
		const realRoots = await Promise.all(
			roots.map((root) => realpath(root).catch(() => null)),
		);
		const isInside = realRoots.some(
			(root) =>
				root !== null &&
				real !== null &&
				`${real}${sep}`.startsWith(withEnd(root)),
		);
		// What does not exist and what is not allowed look the same from outside.
		if (!isInside)
			throw refuse(
				`"${path}" is in none of the directories that adapters may come from, or does not exist.`,
			);
	}

	#unknown(
		name: string,
		info: AdapterInfo | undefined,
		param = "model",
	): GalleyError {
		const shown = name.slice(0, 200);
		if (info !== undefined) {
			const why =
				info.problem === null
					? "is still being loaded"
					: "can't be used: the operator finds the reason in the log and under GET /v1/adapters";
			return new GalleyError(
				"model_not_found",
				`The adapter '${shown}' ${why}`,
				{ param },
			);
		}
		const nearest = nearestName(name, this.#adapters.keys());
		const advice =
			nearest === null
				? "GET /v1/models lists what there is."
				: `Did you mean '${nearest}'?`;
		return new GalleyError(
			"model_not_found",
			`The adapter '${shown}' does not exist here. ${advice}`,
			{ param },
		);
	}
}

function withEnd(directory: string): string {
	return directory.endsWith(sep) ? directory : `${directory}${sep}`;
}
