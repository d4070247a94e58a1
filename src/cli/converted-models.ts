import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ServiceConfig } from "../config/service-config.ts";
import type { CachedModel } from "../models/cache/model-cache.ts";
import { cacheDirectory } from "./model-sources.ts";

/** GGUF files that were made of safetensors, in the cache's folder `converted`. They can be made again at any time. */
export interface ConvertedPath {
	path: string;
	exists: boolean;
}

/** The name tells the content: another precision, or files that changed, make another name. */
export async function convertedPath(
	directory: string,
	cached: CachedModel | null,
	config: Pick<ServiceConfig, "cacheDir" | "convertTo">,
): Promise<ConvertedPath> {
	const stem =
		cached === null
			? stemOf(directory.split(/[/\\]/).at(-1) ?? "", await filesOf(directory))
			: stemOfCached(cached);
	const path = join(
		convertedFolder(config),
		`${stem}-${config.convertTo}.gguf`,
	);
	const status = await stat(path).catch(() => null);
	return { path, exists: status?.isFile() === true };
}

/** What was made of a cached model, in all precisions. */
export async function conversionsOf(
	cached: CachedModel,
	config: Pick<ServiceConfig, "cacheDir">,
): Promise<{ path: string; sizeBytes: number }[]> {
	if (cached.format !== "safetensors") return [];
	const folder = convertedFolder(config);
	const names = await readdir(folder).catch(() => []);
	const stem = `${stemOfCached(cached)}-`;
	return Promise.all(
		names
			.filter((name) => name.startsWith(stem))
			.map(async (name) => {
				const path = join(folder, name);
				return { path, sizeBytes: (await stat(path)).size };
			}),
	);
}

function convertedFolder(config: Pick<ServiceConfig, "cacheDir">): string {
	return join(cacheDirectory(config), "converted");
}

function stemOfCached({ repository, files }: CachedModel): string {
	return stemOf(
		repository?.replace("/", "--") ?? "",
		files.map(({ name, sha256 }) => [name, sha256]),
	);
}

function stemOf(name: string, content: unknown): string {
	const key = createHash("sha256")
		.update(JSON.stringify(content))
		.digest("hex")
		.slice(0, 16);
	return `${name.replace(/[^\w.-]/g, "_") || "model"}-${key}`;
}

/** Digests of a folder of the operator's own would mean to read it all, so size and time stand for the content. */
async function filesOf(
	directory: string,
): Promise<readonly (readonly [string, number, number])[]> {
	const names = (await readdir(directory)).filter((name) =>
		/\.(safetensors|json|jinja|model|txt)$/i.test(name),
	);
	return Promise.all(
		names.sort().map(async (name) => {
			const { size, mtimeMs } = await stat(join(directory, name));
			return [name, size, mtimeMs] as const;
		}),
	);
}
