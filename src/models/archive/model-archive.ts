import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { GalleyError } from "../../core/errors.ts";
import {
	type ArchivedFile,
	type ArchiveManifest,
	blobName,
	filesOfManifest,
	manifestName,
	parseManifest,
	writeManifest,
} from "./archive-manifest.ts";
import { readTar } from "./tar-reader.ts";
import { type TarSource, writeTar } from "./tar-writer.ts";

/** A model in one file: a tar with a manifest in front and then the files, each under its digest. */

export interface LocatedFile extends ArchivedFile {
	path: string;
}

export type OnBytes = (bytes: number) => void;

const maxManifestBytes = 16 * 1024 * 1024;

/**
 * The archive's bytes. Digests are checked while the files are read: a damaged cache must not become a damaged archive that
 * is found out behind the air gap. `files` are the manifest's in its order, those of the adapters behind the model's.
 */
export async function* writeModelArchive(
	manifest: ArchiveManifest,
	files: readonly LocatedFile[],
	onBytes: OnBytes,
): AsyncGenerator<Uint8Array> {
	const text = Buffer.from(writeManifest(manifest), "utf8");
	const entries: TarSource[] = [
		{ name: manifestName, sizeBytes: text.length, content: [text] },
	];
	const seen = new Set<string>();
	for (const file of files) {
		if (seen.has(file.sha256)) continue;
		seen.add(file.sha256);
		entries.push({
			name: blobName(file),
			sizeBytes: file.sizeBytes,
			content: checked(file, createReadStream(file.path), onBytes),
		});
	}
	yield* writeTar(entries);
}

export interface ArchiveReceiver {
	/** Called first; throws where the model is not wanted. */
	begin(manifest: ArchiveManifest): Promise<void>;
	/** Keeps one content. It may still turn out damaged: the content throws at its end, and nothing may be left then. */
	receive(
		file: ArchivedFile,
		content: AsyncIterable<Uint8Array>,
	): Promise<void>;
}

/**
 * Reads an archive to its end. Throws GalleyError `model_unusable` when it is no archive, is cut off, lacks a file or holds
 * one whose digest is not the manifest's.
 */
export async function readModelArchive(
	source: AsyncIterable<Uint8Array>,
	receiver: ArchiveReceiver,
	onBytes: OnBytes,
): Promise<ArchiveManifest> {
	let manifest: ArchiveManifest | null = null;
	const missing = new Map<string, ArchivedFile>();
	for await (const { name, sizeBytes, content } of readTar(source)) {
		if (manifest === null) {
			if (name !== manifestName || sizeBytes > maxManifestBytes)
				throw unusable("is no model that galley export wrote");
			manifest = parseManifest(await textOf(content));
			for (const file of filesOfManifest(manifest))
				missing.set(blobName(file), file);
			await receiver.begin(manifest);
			continue;
		}
		const file = missing.get(name);
		if (file === undefined)
			throw unusable(`holds "${name}", which its manifest doesn't name`);
		if (file.sizeBytes !== sizeBytes)
			throw unusable(
				`holds "${file.name}" with another size than it should have`,
			);
		missing.delete(name);
		await receiver.receive(file, checked(file, content, onBytes));
	}
	if (manifest === null) throw unusable("is empty");
	const [lost] = missing.values();
	if (lost !== undefined)
		throw unusable(
			`lacks "${lost.name}"${missing.size > 1 ? ` and ${missing.size - 1} more` : ""}`,
		);
	return manifest;
}

async function* checked(
	{ name, sha256 }: ArchivedFile,
	content: AsyncIterable<Uint8Array>,
	onBytes: OnBytes,
): AsyncGenerator<Uint8Array> {
	const hash = createHash("sha256");
	for await (const bytes of content) {
		hash.update(bytes);
		onBytes(bytes.length);
		yield bytes;
	}
	const found = hash.digest("hex");
	if (found !== sha256) {
		throw new GalleyError(
			"model_unusable",
			`"${name}" is damaged: its sha256 is ${found}, and should be ${sha256}.`,
		);
	}
}

async function textOf(content: AsyncIterable<Uint8Array>): Promise<string> {
	const pieces: Uint8Array[] = [];
	for await (const piece of content) pieces.push(piece);
	return Buffer.concat(pieces).toString("utf8");
}

function unusable(what: string): GalleyError {
	return new GalleyError(
		"model_unusable",
		`The archive ${what}. Copy it again, or make it anew with galley export.`,
	);
}
