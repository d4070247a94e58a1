import { createHash } from "node:crypto";
import { readdir, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { isRepositoryName, isSafePath } from "../reference-syntax.ts";
import { isAbsent, readIfThere, writeFileAtomically } from "./atomic-file.ts";

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const safePath = z.string().refine(isSafePath);

/** Also read from archives of other machines: nothing in it may name a path outside of the cache. */
const manifestShape = z.object({
	galley: z.literal(1),
	repository: z.string().refine(isRepositoryName).nullable(),
	url: z.string().refine(URL.canParse).nullable(),
	revision: z.string().regex(/^([0-9a-f]{40})?$/),
	label: z.string(),
	format: z.enum(["gguf", "safetensors", "onnx"]),
	mainFile: safePath,
	files: z
		.array(
			z.object({
				name: safePath,
				sizeBytes: z.number().int().nonnegative(),
				sha256: digest,
			}),
		)
		.min(1),
	sourceUrl: z.string().nullable(),
	obtainedAt: z.string(),
	isDefaultChoice: z.boolean(),
});

export type ModelManifest = z.infer<typeof manifestShape>;

export interface StoredManifest {
	manifest: ModelManifest;
	path: string;
	/** The time stamp of the manifest's file is when the model was last used. */
	usedAt: Date;
}

const refShape = z.object({ commit: z.string().regex(/^[0-9a-f]{40}$/) });

/**
 * What the cache knows of its models, in files that people can read:
 *
 *     manifests/<org>--<repo>/<commit>/<file>.json     one model, complete when the file exists
 *     refs/<org>--<repo>/<branch>                      the commit that a branch stood for when it was last asked
 */
export class ModelManifests {
	readonly #directory: string;

	constructor(directory: string) {
		this.#directory = directory;
	}

	pathOf(manifest: ModelManifest): string {
		return join(
			this.#directory,
			"manifests",
			folderOf(manifest),
			manifest.revision || "current",
			`${fileNameFor(manifest.mainFile)}.json`,
		);
	}

	async write(manifest: ModelManifest, now: Date): Promise<StoredManifest> {
		const path = this.pathOf(manifest);
		await writeFileAtomically(
			path,
			`${JSON.stringify(manifestShape.parse(manifest), null, "\t")}\n`,
		);
		const stored = { manifest, path, usedAt: now };
		await this.touch(stored, now);
		return stored;
	}

	async all(): Promise<StoredManifest[]> {
		const root = join(this.#directory, "manifests");
		const found: StoredManifest[] = [];
		for (const folder of await namesIn(root))
			found.push(...(await this.of(folder)));
		return found;
	}

	/** Those of one repository or address. */
	async of(folder: string): Promise<StoredManifest[]> {
		const root = join(this.#directory, "manifests", folder);
		const found: StoredManifest[] = [];
		for (const revision of await namesIn(root)) {
			for (const name of await namesIn(join(root, revision))) {
				if (!name.endsWith(".json")) continue;
				const stored = await readManifest(join(root, revision, name));
				if (stored !== null && folderOf(stored.manifest) === folder)
					found.push(stored);
			}
		}
		return found;
	}

	async touch({ path }: StoredManifest, now: Date): Promise<void> {
		try {
			await utimes(path, now, now);
		} catch (error) {
			// A cache that is only mounted for reading serves as well; it just doesn't learn what is used.
			const { code } = error as NodeJS.ErrnoException;
			if (
				code !== "EROFS" &&
				code !== "EACCES" &&
				code !== "EPERM" &&
				!isAbsent(error)
			)
				throw error;
		}
	}

	async readRef(folder: string, branch: string): Promise<string | null> {
		const text = await readIfThere(this.#refPath(folder, branch));
		const ref = refShape.safeParse(jsonOf(text ?? ""));
		return ref.success ? ref.data.commit : null;
	}

	async writeRef(
		folder: string,
		branch: string,
		commit: string,
		now: Date,
	): Promise<void> {
		await writeFileAtomically(
			this.#refPath(folder, branch),
			`${JSON.stringify({ commit, seenAt: now.toISOString() })}\n`,
		);
	}

	/** Forgets the branches that stood for a commit of which nothing is left. */
	async removeRefs(folder: string, commit: string): Promise<void> {
		for (const name of await namesIn(join(this.#directory, "refs", folder))) {
			const path = join(this.#directory, "refs", folder, name);
			const ref = refShape.safeParse(jsonOf((await readIfThere(path)) ?? ""));
			if (ref.success && ref.data.commit === commit)
				await rm(path, { force: true });
		}
	}

	#refPath(folder: string, branch: string): string {
		return join(this.#directory, "refs", folder, encodeURIComponent(branch));
	}
}

/** The folder of a repository, or of an address; readable, and the same for the same source. */
export function folderOf({
	repository,
	url,
}: {
	repository: string | null;
	url: string | null;
}): string {
	if (repository !== null) return repository.replace("/", "--");
	const { host } = new URL(url ?? "http://unknown");
	const key = createHash("sha256")
		.update(url ?? "")
		.digest("hex")
		.slice(0, 16);
	return `url--${host.replace(/[^\w.-]/g, "_")}--${key}`;
}

/** A file's path as one name; what was changed is told apart by a digest. */
function fileNameFor(path: string): string {
	const name = path.replaceAll("/", "--").slice(-120);
	if (name === path) return name;
	return `${name}-${createHash("sha256").update(path).digest("hex").slice(0, 8)}`;
}

async function readManifest(path: string): Promise<StoredManifest | null> {
	const text = await readIfThere(path);
	const manifest = manifestShape.safeParse(jsonOf(text ?? ""));
	if (!manifest.success) return null;
	const { mtime } = await stat(path);
	return { manifest: manifest.data, path, usedAt: mtime };
}

function jsonOf(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch (error) {
		// Not ours, or damaged: what it spoke of is then not in the cache, and fetched again.
		if (error instanceof SyntaxError) return null;
		throw error;
	}
}

async function namesIn(directory: string): Promise<string[]> {
	try {
		return (await readdir(directory)).sort();
	} catch (error) {
		if (isAbsent(error)) return [];
		throw error;
	}
}
