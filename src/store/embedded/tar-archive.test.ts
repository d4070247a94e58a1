import {
	mkdirSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { packTar, unpackTar } from "./tar-archive.ts";

let folder = "";
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "galley-tar-"));
	mkdirSync(join(folder, "from/base/empty"), { recursive: true });
	writeFileSync(join(folder, "from/PG_VERSION"), "18\n");
	writeFileSync(join(folder, "from/base/none"), "");
	writeFileSync(join(folder, "from/base/block"), Buffer.alloc(512, 7));
	writeFileSync(join(folder, "from/base/more"), Buffer.alloc(1025, 9));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("what is unpacked packs to the same bytes", () => {
	const tar = packTar(join(folder, "from"));
	const paths = unpackTar(tar, join(folder, "to"));
	expect(packTar(join(folder, "to"))).toEqual(tar);
	expect(readFileSync(join(folder, "to/base/more"))).toEqual(
		Buffer.alloc(1025, 9),
	);
	expect(paths).toHaveLength(7);
});

test("an archive that was cut off is refused", () => {
	const tar = packTar(join(folder, "from"));
	expect(() =>
		unpackTar(tar.subarray(0, tar.length - 2048), join(folder, "to")),
	).toThrow("damaged");
});

test("an archive that would write elsewhere is refused", () => {
	const tar = packTar(join(folder, "from"));
	const bytes = Buffer.from(tar);
	bytes.write("../PG_VERS", bytes.indexOf("PG_VERSION"));
	expect(() => unpackTar(bytes, join(folder, "to"))).toThrow("damaged");
});
