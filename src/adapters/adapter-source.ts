import { createHash } from "node:crypto";
import { constants, createReadStream } from "node:fs";
import { copyFile, mkdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { GalleyError } from "../core/errors.ts";
import type { AdapterFile } from "./adapter-file.ts";

/** What makes a directory an adapter in Hugging Face PEFT's layout. */
export const peftConfigName = "adapter_config.json";
const peftFiles = [peftConfigName, "adapter_model.safetensors"] as const;

export interface AdapterPreparation {
	/** What adapters are made for: a GGUF file. */
	baseModelPath: string;
	/** Where converted and kept files go, named by their content. */
	cacheDirectory: string;
	/** Keep a copy: the source may be overwritten while requests still use what it was. */
	keepsCopy: boolean;
}

/** Makes an adapter's source a GGUF file that stays what it is: a PEFT directory is converted, once for each content. */
export async function prepareAdapter(
	name: string,
	source: string,
	preparation: AdapterPreparation,
): Promise<AdapterFile> {
	const found = await stat(source).catch((cause: unknown) => {
		throw new GalleyError(
			"model_unusable",
			`"${source}" can't be opened. Check the path.`,
			{ cause },
		);
	});
	const [id, path] = found.isDirectory()
		? await convert(source, preparation)
		: await keep(source, preparation);
	const { size, mtimeMs } = await stat(path);
	return { id, name, path, sizeBytes: size, modifiedMs: mtimeMs };
}

async function keep(
	source: string,
	{ cacheDirectory, keepsCopy }: AdapterPreparation,
): Promise<[id: string, path: string]> {
	const id = await digestOf([source]);
	if (!keepsCopy) return [id, source];
	const kept = await cached(cacheDirectory, id, async (path) => {
		await copyFile(source, path, constants.COPYFILE_FICLONE);
		if ((await digestOf([path])) === id) return;
		throw new GalleyError(
			"model_unusable",
			`"${source}" was written to while it was read. Move finished files there instead of writing them in place.`,
		);
	});
	return [id, kept];
}

/** The same adapter for another base model is another file. */
async function convert(
	directory: string,
	{ baseModelPath, cacheDirectory }: AdapterPreparation,
): Promise<[id: string, path: string]> {
	const files = peftFiles.map((file) => join(directory, file));
	const base = await stat(baseModelPath);
	const id = await digestOf(
		files,
		`${baseModelPath} ${base.size} ${base.mtimeMs}`,
	);
	const path = await cached(cacheDirectory, id, async (output) => {
		const { convertPeftAdapter } = await import("./peft/convert-adapter.ts");
		await convertPeftAdapter({ directory, baseModel: baseModelPath, output });
	});
	return [id, path];
}

/** Appears whole or not at all: other services may share the directory. */
async function cached(
	directory: string,
	id: string,
	write: (path: string) => Promise<void>,
): Promise<string> {
	const path = join(directory, `${id}.gguf`);
	if ((await stat(path).catch(() => null)) !== null) return path;
	await mkdir(directory, { recursive: true });
	const partial = `${path}.${process.pid}.partial`;
	try {
		await write(partial);
		await rename(partial, path);
	} finally {
		await rm(partial, { force: true });
	}
	return path;
}

async function digestOf(paths: readonly string[], salt = ""): Promise<string> {
	const hash = createHash("sha256").update(salt);
	for (const path of paths) {
		hash.update(`\0${(await size(path)).toString()}\0`);
		for await (const chunk of createReadStream(path))
			hash.update(chunk as Buffer);
	}
	return hash.digest("hex").slice(0, 32);
}

async function size(path: string): Promise<number> {
	const found = await stat(path).catch((cause: unknown) => {
		throw new GalleyError(
			"model_unusable",
			`There is no ${path}. An adapter's directory holds ${peftFiles.join(" and ")}.`,
			{ cause },
		);
	});
	return found.size;
}
