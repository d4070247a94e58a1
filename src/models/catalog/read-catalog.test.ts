import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseModelReference } from "../model-reference.ts";
import { catalogNames } from "./catalog-names.ts";
import { type CatalogSource, catalogSources } from "./catalog-sources.ts";
import { readCatalog } from "./read-catalog.ts";
import { yamlOf } from "./testing/entries.ts";

let folder = "";
let server: Server;
let url = "";
let answer: { status: number; body: string } = { status: 200, body: "" };
let asked = 0;

beforeEach(async () => {
	folder = mkdtempSync(join(tmpdir(), "galley-catalog-"));
	mkdirSync(join(folder, "own"));
	asked = 0;
	answer = { status: 200, body: yamlOf({ id: "from-address" }) };
	server = createServer((_, response) => {
		asked++;
		response.writeHead(answer.status).end(answer.body);
	});
	await new Promise<void>((listening) =>
		server.listen(0, "127.0.0.1", listening),
	);
	url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/c.yaml`;
});

afterEach(async () => {
	server.closeAllConnections();
	await new Promise((closed) => server.close(closed));
	rmSync(folder, { recursive: true });
});

const builtIn = (): CatalogSource => ({
	kind: "folder",
	name: "galley",
	path: join(folder, "built-in"),
	isBuiltIn: true,
});

function sourcesOf(...own: string[]): CatalogSource[] {
	mkdirSync(join(folder, "built-in"), { recursive: true });
	writeFileSync(join(folder, "built-in/tiny-chat.yaml"), yamlOf());
	return catalogSources(own, join(folder, "copies"), builtIn());
}

function writeOwn(file: string, text: string): string {
	writeFileSync(join(folder, "own", file), text);
	return join(folder, "own");
}

describe("a team's own catalog", () => {
	it("adds entries, and replaces those of the same id", async () => {
		writeOwn("extra.yaml", yamlOf({ id: "extra" }));
		const own = writeOwn("tiny-chat.yaml", yamlOf({ name: "Ours" }));
		const { items, problems } = await readCatalog(sourcesOf(own));
		expect(problems).toEqual([]);
		expect(items.map(({ id, name, origin }) => [id, name, origin])).toEqual([
			["extra", "Tiny Chat", own],
			["tiny-chat", "Ours", own],
		]);
	});

	it("is told what is wrong with it, and the rest works", async () => {
		writeOwn("other-name.yaml", yamlOf({ id: "extra" }));
		writeOwn("large.yaml", `# ${"x".repeat(300_000)}\n`);
		const own = writeOwn("broken.yaml", "id: [");
		const { items, problems } = await readCatalog(
			sourcesOf(
				own,
				join(folder, "gone"),
				"ftp://example.org",
				"http://example.org/c",
				"https://me:pw@example.org/c",
			),
		);
		expect(items.map(({ id }) => id)).toEqual(["tiny-chat"]);
		expect(problems.map(({ message }) => message)).toEqual([
			expect.stringMatching(/./),
			expect.stringContaining("more than 262144 bytes"),
			expect.stringContaining("must be called extra.yaml"),
			expect.stringContaining("can't be read"),
			expect.stringContaining("folder or an https address"),
			expect.stringContaining("without encryption"),
			expect.stringContaining("must not contain a user name"),
		]);
		expect(JSON.stringify(problems)).not.toContain("pw@");
	});

	it("may lie behind an address, whose last answer is kept", async () => {
		const sources = sourcesOf(url);
		const ids = async (isOffline = false) =>
			(await readCatalog(sources, { isOffline })).items.map(({ id }) => id);
		expect(await ids()).toEqual(["from-address", "tiny-chat"]);
		expect(await ids(true)).toEqual(["from-address", "tiny-chat"]);
		expect(asked).toBe(1);
		answer = { status: 500, body: "" };
		const { items, problems } = await readCatalog(sources);
		expect(items).toHaveLength(2);
		expect(problems[0]?.message).toBe(
			"The address answers with status 500. The last answer that was kept is used.",
		);
	});

	it("is not read without end, and not without a network that was switched off", async () => {
		answer = { status: 200, body: `# ${"x".repeat(5 * 1024 ** 2)}` };
		const { items, problems } = await readCatalog(sourcesOf(url));
		expect(items).toHaveLength(1);
		expect(problems[0]?.message).toContain("more than 4194304 bytes");
		const offline = await readCatalog(sourcesOf(url), { isOffline: true });
		expect(offline.problems[0]?.message).toContain("The network is off");
		expect(asked).toBe(1);
	});
});

describe("a name of the catalog", () => {
	const noFiles = {
		packageDirectory: "/package",
		kindOf: () => null,
		list: () => [],
	};

	it("stands for the first variant, under its own name", async () => {
		const own = writeOwn(
			"ours.yaml",
			yamlOf({ id: "ours", name: "Ours" }).replaceAll(
				"tiny-chat-GGUF",
				"ours-GGUF",
			),
		);
		const sources = sourcesOf(own, url);
		await readCatalog(sources);
		const catalog = catalogNames(sources);
		expect(parseModelReference("ours", noFiles, { catalog })).toEqual({
			kind: "hub",
			name: "ours",
			repository: "acme/ours-GGUF",
			selector: "Q4_K_M",
			revision: null,
		});
		expect(catalog.find("from-address")).toEqual({
			reference: "hf://acme/tiny-chat-GGUF:Q4_K_M",
			obstacle: null,
		});
		expect([...catalog.names()].sort()).toEqual([
			"from-address",
			"ours",
			"tiny-chat",
		]);
	});

	it("gives way to aliases, files and repositories, and is suggested for what is near", () => {
		const catalog = catalogNames(sourcesOf());
		const aliases = new Map([["tiny-chat", "hf://other/model"]]);
		expect(
			parseModelReference("tiny-chat", noFiles, { catalog, aliases }),
		).toMatchObject({ repository: "other/model" });
		expect(
			parseModelReference(
				"tiny-chat",
				{ ...noFiles, kindOf: () => "file" },
				{ catalog },
			),
		).toMatchObject({ kind: "file" });
		expect(() =>
			parseModelReference("tiny-chta", noFiles, { catalog }),
		).toThrow('Did you mean "tiny-chat"?');
	});

	it("is never looked for outside its folder", () => {
		const catalog = catalogNames(sourcesOf());
		for (const name of [
			"../own/extra",
			"..",
			"",
			"tiny-chat.yaml",
			"/etc/passwd",
		])
			expect(catalog.find(name)).toBeNull();
	});
});
