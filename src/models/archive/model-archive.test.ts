import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { ArchiveManifest } from "./archive-manifest.ts";
import {
	type LocatedFile,
	readModelArchive,
	writeModelArchive,
} from "./model-archive.ts";
import { writeTar } from "./tar-writer.ts";

const folder = mkdtempSync(join(tmpdir(), "galley-archive-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): LocatedFile {
	const path = join(folder, createHash("sha256").update(text).digest("hex"));
	writeFileSync(path, text);
	const sha256 = createHash("sha256").update(text).digest("hex");
	return { name, path, sizeBytes: Buffer.byteLength(text), sha256 };
}

const weights = file("tiny-Q8_0.gguf", "weights of a model");
const adapter = file("adapter.gguf", "an adapter");
const bare = ({ name, sizeBytes, sha256 }: LocatedFile) => ({
	name,
	sizeBytes,
	sha256,
});
const manifest: ArchiveManifest = {
	reference: "hf://org/tiny:Q8_0",
	repository: "org/tiny",
	revision: "abc",
	label: "Q8_0",
	format: "gguf",
	mainFile: weights.name,
	files: [bare(weights)],
	adapters: [{ name: "polite", files: [bare(adapter)] }],
};

async function whole(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
	const pieces: Uint8Array[] = [];
	for await (const piece of bytes) pieces.push(piece);
	return Buffer.concat(pieces);
}

async function read(archive: Uint8Array) {
	const received = new Map<string, string>();
	const source = (async function* () {
		yield archive;
	})();
	const receiver = {
		begin: () => Promise.resolve(),
		receive: async (
			{ name }: { name: string },
			content: AsyncIterable<Uint8Array>,
		) => {
			received.set(name, (await whole(content)).toString());
		},
	};
	return {
		manifest: await readModelArchive(source, receiver, () => undefined),
		received,
	};
}

const write = (written: ArchiveManifest, files: readonly LocatedFile[]) =>
	whole(writeModelArchive(written, files, () => undefined));

describe("a model's archive", () => {
	it("brings the manifest and every content to the other side", async () => {
		let counted = 0;
		const archive = await whole(
			writeModelArchive(manifest, [weights, adapter], (bytes) => {
				counted += bytes;
			}),
		);
		const result = await read(archive);
		expect(result.manifest).toEqual(manifest);
		expect(Object.fromEntries(result.received)).toEqual({
			"tiny-Q8_0.gguf": "weights of a model",
			"adapter.gguf": "an adapter",
		});
		expect(counted).toBe(weights.sizeBytes + adapter.sizeBytes);
	});

	it("holds a content once that two files have", async () => {
		const twin = { ...weights, name: "twin.gguf" };
		const twins = { ...manifest, files: [bare(weights), bare(twin)] };
		const archive = await write(twins, [weights, twin, adapter]);
		expect((await read(archive)).manifest.files).toHaveLength(2);
		const text = archive.toString("latin1");
		expect(text.split("weights of a model")).toHaveLength(2);
	});

	it("is not written of files that were damaged on disk", async () => {
		const damaged = { ...weights, sha256: "0".repeat(64) };
		await expect(write(manifest, [damaged])).rejects.toThrow("is damaged");
	});

	it("is refused when a byte of the weights has changed", async () => {
		const archive = await write(manifest, [weights, adapter]);
		archive.write("wrights", archive.indexOf("weights of"));
		await expect(read(archive)).rejects.toMatchObject({
			code: "model_unusable",
			message: expect.stringContaining("tiny-Q8_0.gguf"),
		});
	});

	it("is refused when a file is missing, or one is there that nobody named", async () => {
		const lacking = await write(manifest, [weights]);
		await expect(read(lacking)).rejects.toThrow('lacks "adapter.gguf"');
		const extra = file("extra", "something else");
		const more = await write(manifest, [weights, adapter, extra]);
		await expect(read(more)).rejects.toThrow("doesn't name");
	});

	it("is refused when its manifest names a file outside of the model, or is of a version to come", async () => {
		for (const change of [
			{ files: [{ ...bare(weights), name: "../../evil" }] },
			{ adapters: [{ name: "../evil", files: [bare(adapter)] }] },
			{ version: 2 },
			{ files: [] },
			{ mainFile: "other.gguf" },
		]) {
			const text = Buffer.from(
				JSON.stringify({
					archive: "galley-model",
					version: 1,
					...manifest,
					mainFile: "../../evil",
					...change,
				}),
			);
			const archive = await whole(
				writeTar([
					{
						name: "galley-model.json",
						sizeBytes: text.length,
						content: [text],
					},
				]),
			);
			await expect(read(archive)).rejects.toMatchObject({
				code: "model_unusable",
			});
		}
	});

	it("says that another tar is no model", async () => {
		const other = await whole(
			writeTar([
				{ name: "notes.txt", sizeBytes: 2, content: [Buffer.from("hi")] },
			]),
		);
		await expect(read(other)).rejects.toThrow("galley export");
	});
});
