import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeTarHeader } from "./tar-header.ts";
import { readTar } from "./tar-reader.ts";
import { writeTar } from "./tar-writer.ts";

async function* pieces(
	bytes: Uint8Array,
	length: number,
): AsyncGenerator<Uint8Array> {
	for (let at = 0; at < bytes.length; at += length)
		yield bytes.subarray(at, at + length);
}

async function pack(
	files: readonly { name: string; content: Uint8Array }[],
): Promise<Buffer> {
	const bytes: Uint8Array[] = [];
	const entries = files.map(({ name, content }) => ({
		name,
		sizeBytes: content.length,
		content: [content],
	}));
	for await (const piece of writeTar(entries)) bytes.push(piece);
	return Buffer.concat(bytes);
}

async function unpack(bytes: Uint8Array, length = 1000) {
	const files: { name: string; content: Buffer }[] = [];
	for await (const { name, content } of readTar(pieces(bytes, length))) {
		const found: Uint8Array[] = [];
		for await (const piece of content) found.push(piece);
		files.push({ name, content: Buffer.concat(found) });
	}
	return files;
}

const name = fc
	.array(fc.stringMatching(/^[a-zA-Z0-9_-]{1,60}$/), {
		minLength: 1,
		maxLength: 5,
	})
	.map((parts) => parts.join("/"));

describe("tar", () => {
	it("gives back what was written, however the bytes are cut", () =>
		fc.assert(
			fc.asyncProperty(
				fc.array(
					fc.record({ name, content: fc.uint8Array({ maxLength: 2000 }) }),
				),
				fc.integer({ min: 1, max: 3000 }),
				async (files, length) => {
					const archive = await pack(files);
					expect(archive.length % 512).toBe(0);
					expect(await unpack(archive, length)).toEqual(
						files.map((file) => ({
							name: file.name,
							content: Buffer.from(file.content),
						})),
					);
				},
			),
			{ numRuns: 60 },
		));

	it("notices at any byte that an archive is cut off", async () => {
		const archive = await pack([
			{ name: "one", content: Buffer.alloc(700, 1) },
			{ name: "two", content: Buffer.alloc(10, 2) },
		]);
		// Without its last block an archive is still whole.
		for (let length = 0; length < archive.length - 512; length += 97)
			await expect(unpack(archive.subarray(0, length))).rejects.toThrow(
				/cut off/,
			);
	});

	it("skips what nobody reads", async () => {
		const archive = await pack([
			{ name: "one", content: Buffer.alloc(5000, 1) },
			{ name: "two", content: Buffer.from("2") },
		]);
		const names: string[] = [];
		for await (const entry of readTar(pieces(archive, 100))) {
			names.push(entry.name);
			// One piece, and then no more.
			for await (const _piece of entry.content) break;
		}
		expect(names).toEqual(["one", "two"]);
	});

	it.each([
		"../evil",
		"/etc/passwd",
		"a/../../evil",
		"a//b",
		"./a",
		"a\\b",
		"C:evil",
		"a/..",
	])("refuses the name %s", async (evil) => {
		const archive = await pack([{ name: evil, content: Buffer.from("x") }]);
		await expect(unpack(archive)).rejects.toMatchObject({
			code: "model_unusable",
		});
	});

	it("refuses links and devices", async () => {
		const header = encodeTarHeader({
			name: "link",
			sizeBytes: 0,
			type: "other",
		});
		await expect(
			unpack(Buffer.concat([header, Buffer.alloc(1024)])),
		).rejects.toThrow("neither a file nor a folder");
	});

	it("refuses a header whose checksum is wrong, and what is no archive", async () => {
		const archive = await pack([{ name: "one", content: Buffer.from("1") }]);
		archive[0] = 0x7a;
		await expect(unpack(archive)).rejects.toThrow("checksum");
		await expect(unpack(Buffer.alloc(2048, "text"))).rejects.toMatchObject({
			code: "model_unusable",
		});
	});

	it("writes sizes beyond 8 GiB in a pax header, and reads them", async () => {
		const sizeBytes = 9 * 1024 ** 3 + 5;
		const header = encodeTarHeader({ name: "big", sizeBytes, type: "file" });
		const [entry] = await readFirst(header);
		expect(entry).toEqual({ name: "big", sizeBytes });
	});

	it("refuses a content that is not as long as was said", async () => {
		for (const content of ["short", "much too long for it"]) {
			const entries = [
				{ name: "a", sizeBytes: 10, content: [Buffer.from(content)] },
			];
			await expect(
				(async () => {
					for await (const _bytes of writeTar(entries));
				})(),
			).rejects.toThrow("changed while it was read");
		}
	});
});

async function readFirst(bytes: Uint8Array) {
	for await (const { name, sizeBytes } of readTar(pieces(bytes, 512)))
		return [{ name, sizeBytes }];
	return [];
}
