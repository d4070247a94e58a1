import { randomUUID } from "node:crypto";
import {
	chmod,
	constants,
	copyFile,
	link,
	mkdir,
	open,
	readdir,
	rename,
	rm,
	stat,
	symlink,
} from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { GalleyError } from "../../core/errors.ts";
import { digestFile } from "../download/file-digest.ts";
import { isAbsent, readIfThere, writeFileAtomically } from "./atomic-file.ts";

export type LinkKind = "symlink" | "hardlink";

/** File systems without links, and systems that only let administrators make them. */
const cannotLink = new Set([
	"EPERM",
	"ENOSYS",
	"ENOTSUP",
	"EOPNOTSUPP",
	"EINVAL",
	"EXDEV",
	"EMLINK",
	"EACCES",
]);

/**
 * Contents by their digest:
 *
 *     blobs/sha256-<hex>     a file's content
 *     blobs/<key>.is         "sha256-<hex>": what else the content is known by (git's name for it, an address)
 */
export class BlobStore {
	readonly directory: string;
	readonly #linkKinds: readonly LinkKind[];

	constructor(directory: string, linkKinds: readonly LinkKind[]) {
		this.directory = directory;
		this.#linkKinds = linkKinds;
	}

	pathOf(sha256: string): string {
		return join(this.directory, `sha256-${sha256}`);
	}

	async sizeOf(sha256: string): Promise<number | null> {
		return sizeOfFile(this.pathOf(sha256));
	}

	/** The digest that `key` was noted for, and when. */
	async findKey(
		key: string,
	): Promise<{ sha256: string; notedMs: number } | null> {
		const path = join(this.directory, `${key}.is`);
		const text = await readIfThere(path);
		const sha256 = /^sha256-([0-9a-f]{64})\n$/.exec(text ?? "")?.[1];
		if (sha256 === undefined) return null;
		const { mtimeMs } = await stat(path);
		return { sha256, notedMs: mtimeMs };
	}

	async noteKey(key: string, sha256: string): Promise<void> {
		await writeFileAtomically(
			join(this.directory, `${key}.is`),
			`sha256-${sha256}\n`,
		);
	}

	/** Takes a complete file over by renaming it; its digest is computed unless the caller just did. */
	async add(
		path: string,
		known: { sha256: string; sizeBytes: number } | null,
		expectedSha256: string | null,
	): Promise<{ sha256: string; sizeBytes: number }> {
		const { sha256, sizeBytes } = known ?? (await digestFile(path));
		if (expectedSha256 !== null && sha256 !== expectedSha256.toLowerCase()) {
			throw new GalleyError(
				"model_unusable",
				`The file is damaged: its digest is ${sha256} and should be ${expectedSha256}. Fetch it again.`,
			);
		}
		await mkdir(this.directory, { recursive: true });
		const file = await open(path, "r+");
		try {
			await file.datasync();
		} finally {
			await file.close();
		}
		// Everybody who uses this content shares the one file; nobody may write to it.
		if (process.platform !== "win32") await chmod(path, 0o444);
		await rename(path, this.pathOf(sha256));
		return { sha256, sizeBytes };
	}

	/**
	 * Lets the content appear under a name: as a link, else as the file itself, which then leaves the folder of blobs.
	 * `elsewhere` is where another name holds it in that case.
	 */
	async place(
		sha256: string,
		target: string,
		elsewhere: string | null,
	): Promise<void> {
		await mkdir(dirname(target), { recursive: true });
		const draft = `${target}.${randomUUID()}.new`;
		const blob = this.pathOf(sha256);
		const isHere = (await sizeOfFile(blob)) !== null;
		if (!isHere && elsewhere === null)
			throw new Error(`no content sha256-${sha256}`);
		if (!isHere && elsewhere !== null) {
			if (elsewhere === target) return;
			await copyFile(elsewhere, draft, constants.COPYFILE_FICLONE);
		} else if (!(await this.#link(blob, target, draft))) {
			await rename(blob, target);
			return;
		}
		try {
			await rename(draft, target);
			// Two names of one file stay two when one is renamed to the other.
			await rm(draft, { force: true });
		} catch (error) {
			await rm(draft, { force: true });
			throw error;
		}
	}

	async #link(blob: string, target: string, draft: string): Promise<boolean> {
		for (const kind of this.#linkKinds) {
			try {
				// Relative, so that the cache can be moved, and mounted elsewhere in a container.
				if (kind === "symlink")
					await symlink(relative(dirname(target), blob), draft, "file");
				else await link(blob, draft);
				return true;
			} catch (error) {
				if (!cannotLink.has((error as NodeJS.ErrnoException).code ?? ""))
					throw error;
			}
		}
		return false;
	}

	async remove(sha256: string): Promise<void> {
		await rm(this.pathOf(sha256), { force: true });
		for (const name of await readdir(this.directory).catch(ignoreAbsent)) {
			if (!name.endsWith(".is")) continue;
			const key = name.slice(0, -".is".length);
			if ((await this.findKey(key))?.sha256 === sha256)
				await rm(join(this.directory, name), { force: true });
		}
	}
}

function ignoreAbsent(error: unknown): string[] {
	if (isAbsent(error)) return [];
	throw error;
}

/** null when there is no such file; follows links. */
export async function sizeOfFile(path: string): Promise<number | null> {
	try {
		const status = await stat(path);
		return status.isFile() ? status.size : null;
	} catch (error) {
		if (isAbsent(error)) return null;
		throw error;
	}
}
