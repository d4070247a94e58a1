import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GalleyError } from "../../core/errors.ts";
import { ModelCache } from "../cache/model-cache.ts";
import {
	parseModelReference,
	type RemoteReference,
} from "../model-reference.ts";
import {
	DownloadSetting,
	quickPatience,
	weights,
} from "../testing/download-setting.ts";
import { HubServer } from "../testing/hub-server.ts";
import { type DownloadProgress, obtainModel } from "./obtain-model.ts";

const model = weights(1_000_003, 1);
const large = weights(700_000, 2);
const text = (content: string) => ({
	content: Buffer.from(content),
	isInGit: true,
});

let setting: DownloadSetting;
let server: HubServer;
let commit: string;

beforeEach(async () => {
	setting = await DownloadSetting.create();
	server = setting.server;
	commit = server.add("org/model-GGUF", {
		"model-Q4_K_M.gguf": model,
		"model-Q8_0.gguf": large,
		"mmproj-model-f16.gguf": weights(64, 3),
		"README.md": text("hello"),
	});
});
afterEach(() => setting.end());

function remote(written: string): RemoteReference {
	const reference = parseModelReference(written);
	if (reference.kind !== "hub" && reference.kind !== "url")
		throw new Error(`${written} is not remote`);
	return reference;
}

async function pull(
	written = "hf://org/model-GGUF:Q4_K_M",
	changed: Parameters<DownloadSetting["options"]>[0] = {},
) {
	return obtainModel(remote(written), setting.options(changed));
}

async function expectModel(written?: string): Promise<void> {
	const { mainPath } = await pull(written);
	expect(Buffer.compare(await readFile(mainPath), model)).toBe(0);
}

async function refusal(promise: Promise<unknown>): Promise<GalleyError> {
	const error = await promise.then(
		() => null,
		(thrown: unknown) => thrown,
	);
	if (!(error instanceof GalleyError)) throw error ?? new Error("no refusal");
	return error;
}

describe("obtainModel", () => {
	it("fetches the file of a quantisation and pins its commit", async () => {
		const found = await pull("hf://org/model-GGUF:q4_k_m");
		expect(found).toMatchObject({
			reference: "hf://org/model-GGUF:Q4_K_M",
			repository: "org/model-GGUF",
			revision: commit,
			label: "Q4_K_M",
			format: "gguf",
			sizeBytes: model.length,
		});
		expect(found.files[0]?.sha256).toBe(
			createHash("sha256").update(model).digest("hex"),
		);
		expect(found.mainPath).toContain(join("org--model-GGUF", commit));
		expect(Buffer.compare(await readFile(found.mainPath), model)).toBe(0);
		expect(await readdir(setting.cache.downloadsDirectory)).toEqual([]);
	});

	it("asks nobody for what is cached, by branch or by commit", async () => {
		await pull();
		server.reset();
		await pull();
		await pull(`hf://org/model-GGUF:Q4_K_M@${commit}`);
		await pull("hf://org/model-GGUF");
		await pull(undefined, { isOffline: true });
		expect(server.requests).toEqual([]);
	});

	it("opens no socket offline, and says what to do", async () => {
		const error = await refusal(pull(undefined, { isOffline: true }));
		expect(error.code).toBe("model_not_found");
		expect(error.message).toContain("galley pull hf://org/model-GGUF:Q4_K_M");
		expect(server.requests).toEqual([]);
	});

	it("takes a branch's new commit only when a refresh is asked for", async () => {
		await pull();
		const next = server.add("org/model-GGUF", { "model-Q4_K_M.gguf": large });
		expect((await pull()).revision).toBe(commit);
		const refreshed = await pull(undefined, { isRefresh: true });
		expect(refreshed.revision).toBe(next);
		expect((await pull()).revision).toBe(next);
	});

	it("downloads nothing twice when only the commit is new", async () => {
		await pull();
		server.add("org/model-GGUF", {
			"model-Q4_K_M.gguf": model,
			"x.txt": text("x"),
		});
		server.reset();
		await pull(undefined, { isRefresh: true });
		expect(server.sentBytes).toBe(0);
	});

	it("lets the caller choose among variants, and remembers the choice", async () => {
		const offered: string[] = [];
		const found = await pull("org/model-GGUF", {
			chooseFile: async (files) => {
				offered.push(...files.map(({ name }) => name));
				return "model-Q8_0.gguf";
			},
		});
		expect(offered).toEqual(["model-Q4_K_M.gguf", "model-Q8_0.gguf"]);
		expect(found.label).toBe("Q8_0");
		await pull("org/model-GGUF:Q4_K_M");
		expect((await pull("org/model-GGUF", { isOffline: true })).label).toBe(
			"Q8_0",
		);
	});

	it("names the variants when there is nobody to choose, and the nearest one to a wrong name", async () => {
		expect((await refusal(pull("org/model-GGUF"))).message).toContain(
			"hf://org/model-GGUF:Q4_K_M, hf://org/model-GGUF:Q8_0",
		);
		expect((await refusal(pull("org/model-GGUF:Q4_K_S"))).message).toContain(
			'Did you mean "Q4_K_M"?',
		);
	});

	it("fetches all parts of a split file side by side", async () => {
		server.add("org/split", {
			"Q4/big-Q4_0-00001-of-00002.gguf": model,
			"Q4/big-Q4_0-00002-of-00002.gguf": large,
		});
		const found = await pull("hf://org/split");
		expect(found.mainPath.endsWith("big-Q4_0-00001-of-00002.gguf")).toBe(true);
		const second = found.mainPath.replace("00001-of", "00002-of");
		expect((await readFile(second)).length).toBe(large.length);
	});

	it("fetches safetensors with what belongs to them, and checks git's digests of small files", async () => {
		const files = {
			"config.json": text("{}"),
			"tokenizer.json": text('{"a":1}'),
			"model.safetensors": model,
			"original/consolidated.00.pth": large,
			"README.md": text("hello"),
		};
		server.add("org/trained", files);
		const found = await pull("hf://org/trained");
		expect(found.format).toBe("safetensors");
		expect((await readdir(found.mainPath)).sort()).toEqual([
			"config.json",
			"model.safetensors",
			"tokenizer.json",
		]);
		expect(await readFile(join(found.mainPath, "config.json"), "utf8")).toBe(
			"{}",
		);
	});

	it("refuses a small file whose content is not what git has", async () => {
		server.add("org/trained", {
			"config.json": text("{}"),
			"model.safetensors": large,
		});
		server.faults.isCorrupt = true;
		expect((await refusal(pull("hf://org/trained"))).message).toMatch(
			/"config.json" was downloaded 2 times and was wrong each time/,
		);
	});

	it("says why pickles are not run", async () => {
		server.add("org/pickled", {
			"pytorch_model.bin": model,
			"config.json": text("{}"),
		});
		expect((await refusal(pull("hf://org/pickled"))).message).toContain(
			"Python pickles",
		);
	});

	it("tells progress that grows to the whole, with a time left", async () => {
		const seen: DownloadProgress[] = [];
		server.faults.dripMs = 20;
		await pull(undefined, { onProgress: (progress) => seen.push(progress) });
		const downloads = seen.filter(({ stage }) => stage === "download");
		expect(seen[0]?.stage).toBe("resolve");
		expect(seen.at(-1)).toMatchObject({
			stage: "verify",
			receivedBytes: model.length,
		});
		expect(downloads.at(-1)?.receivedBytes).toBe(model.length);
		const received = downloads.map(({ receivedBytes }) => receivedBytes);
		expect(received).toEqual([...received].sort((left, right) => left - right));
	});

	it("refuses before the first byte when the disk is too small, with the numbers", async () => {
		const transfer = { freeSpace: async () => 10 * 1024 * 1024 };
		const error = await refusal(pull(undefined, { transfer }));
		expect(error.code).toBe("insufficient_storage");
		expect(error.message).toMatch(
			/needs 977 KiB more .* has 10.0 MiB; 55.0 MiB are missing/,
		);
		expect(server.sentBytes).toBe(0);
	});

	it("stops when it is aborted, and goes on from there", async () => {
		const abort = new AbortController();
		server.faults.dripMs = 15;
		server.faults.pieceBytes = 16 * 1024;
		const stopped = pull(undefined, {
			signal: abort.signal,
			onProgress: ({ receivedBytes }) => {
				if (receivedBytes > 300_000) abort.abort(new Error("enough"));
			},
		});
		await expect(stopped).rejects.toThrow("enough");
		server.reset();
		await expectModel();
		expect(server.sentBytes).toBeLessThan(model.length - 200_000);
	});
});

describe("faults of the network and of servers", () => {
	it("goes on after cut connections without fetching anything twice", async () => {
		server.faults.cutAfterBytes = 50_000;
		await expectModel();
		expect(server.sentBytes).toBeLessThan(model.length * 1.5);
	});

	it("gives up when no byte comes any more, and keeps what is there", async () => {
		server.faults.cutAfterBytes = 0;
		const error = await refusal(pull());
		expect(error.code).toBe("download_failed");
		expect(error.message).toMatch(/0 of 1000003 bytes are there and kept/);
	});

	it("refuses content of another length than the hub says", async () => {
		server.faults.lengthError = 10;
		expect((await refusal(pull())).message).toContain(
			"has a file of 1000013 bytes where 1000003 are expected",
		);
	});

	it("refuses content with another digest, and keeps nothing of it", async () => {
		server.faults.isCorrupt = true;
		const error = await refusal(pull());
		expect(error.message).toMatch(
			/was wrong each time: its digest is \w{64} and should be/,
		);
		server.reset();
		await expectModel();
		expect(server.sentBytes).toBeGreaterThanOrEqual(model.length);
	});

	it("waits as long as a busy server asks for", async () => {
		Object.assign(server.faults, {
			failures: 1,
			failureStatus: 429,
			retryAfter: "1",
		});
		const begun = performance.now();
		await expectModel();
		expect(performance.now() - begun).toBeGreaterThan(950);
	});

	it("does not wait for a server that wants to be left alone for long", async () => {
		Object.assign(server.faults, {
			failures: 9,
			failureStatus: 429,
			retryAfter: "3600",
		});
		const error = await refusal(pull());
		expect(error.message).toContain("asks to come back in 60 minutes");
		expect(error.retryAfterSeconds).toBe(3600);
	});

	it("tries again after failures of the server, also of the listing", async () => {
		Object.assign(server.faults, {
			failures: 1,
			failureStatus: 502,
			failsListings: true,
		});
		await expectModel();
		Object.assign(server.faults, { failures: 3, failsListings: false });
		await pull("hf://org/model-GGUF:Q8_0");
	});

	it("gives a connection up that only drips, and one that never begins", async () => {
		Object.assign(server.faults, { dripMs: 40, pieceBytes: 64 });
		const dripping = await refusal(
			pull(undefined, {
				hub: {
					...setting.options().hub,
					patience: { ...quickPatience, maxAttempts: 1 },
				},
			}),
		);
		expect(dripping.message).toMatch(/sent only \d+ bytes in 0.15 s/);
		server.reset();
		server.faults.isSilent = true;
		const silent = await refusal(
			pull(undefined, {
				hub: {
					...setting.options().hub,
					patience: { ...quickPatience, answerTimeoutMs: 100, maxAttempts: 1 },
				},
			}),
		);
		expect(silent.message).toContain("does not answer");
	});

	it("takes the whole file from a server without ranges, over several cut connections too", async () => {
		server.faults.ignoresRanges = true;
		await expectModel();
		await pull("hf://org/model-GGUF:Q8_0");
		Object.assign(server.faults, { cutAfterBytes: 400_000, cuts: 2 });
		const next = weights(900_000, 9);
		server.add("org/other", { "a.gguf": next });
		const { mainPath } = await pull("hf://org/other");
		expect(Buffer.compare(await readFile(mainPath), next)).toBe(0);
	});

	it("turns to a mirror when the endpoint is gone, without the token", async () => {
		const mirror = await HubServer.start();
		mirror.add("org/model-GGUF", { "model-Q4_K_M.gguf": model });
		const hub = {
			...setting.options().hub,
			endpoint: "http://127.0.0.1:9",
			mirrors: [mirror.endpoint],
			token: "secret-token",
		};
		const { mainPath } = await pull(undefined, { hub });
		expect((await readFile(mainPath)).length).toBe(model.length);
		expect(
			mirror.requests.every(({ authorization }) => authorization === null),
		).toBe(true);
		await mirror.stop();
	});

	it("fetches from a mirror what the endpoint lists but fails to deliver", async () => {
		const mirror = await HubServer.start();
		mirror.add("org/model-GGUF", {
			"model-Q4_K_M.gguf": model,
			"model-Q8_0.gguf": large,
			"mmproj-model-f16.gguf": weights(64, 3),
			"README.md": text("hello"),
		});
		server.faults.isCorrupt = true;
		const hub = { ...setting.options().hub, mirrors: [mirror.endpoint] };
		const { mainPath } = await pull(undefined, { hub });
		expect(Buffer.compare(await readFile(mainPath), model)).toBe(0);
		await mirror.stop();
	});
});

describe("tokens and refusals", () => {
	it("sends the token to the hub, and never to where it redirects", async () => {
		server.faults.redirects = true;
		await pull(undefined, {
			hub: { ...setting.options().hub, token: "secret-token" },
		});
		const stored = server.requests.filter(({ port }) => port === "storage");
		expect(stored.length).toBeGreaterThan(0);
		for (const { port, authorization } of server.requests)
			expect(authorization).toBe(port === "hub" ? "Bearer secret-token" : null);
	});

	it("asks the hub once for a signed address, not once a range", async () => {
		server.faults.redirects = true;
		await pull(undefined, {
			transfer: { connections: 1, chunkBytes: 100_000 },
		});
		expect(
			server.requests.filter(({ path }) => path.includes("/resolve/")).length,
		).toBe(1);
	});

	it("asks for a new signed address when the old one has run out", async () => {
		Object.assign(server.faults, { redirects: true, signatureUses: 2 });
		await expectModel();
		const asked = server.requests.filter(({ path }) =>
			path.includes("/resolve/"),
		);
		expect(asked.length).toBeGreaterThan(1);
	});

	it("explains a gated repository with the page where its licence is accepted", async () => {
		const gated = server.repositories.get("org/model-GGUF");
		if (gated !== undefined) gated.gatedFor = "right-token";
		const page = `${server.endpoint}/org/model-GGUF`;
		const without = await refusal(pull());
		expect(without.code).toBe("permission_denied");
		expect(without.message).toContain(`Open ${page}, accept it, make a token`);
		const wrong = await refusal(
			pull(undefined, {
				hub: { ...setting.options().hub, token: "wrong-token" },
			}),
		);
		expect(wrong.message).toContain(
			"the account of your token has no access yet",
		);
		expect(wrong.message).not.toContain("wrong-token");
		await pull(undefined, {
			hub: { ...setting.options().hub, token: "right-token" },
		});
	});

	it("tells a missing repository from a missing revision", async () => {
		expect((await refusal(pull("hf://org/gone"))).message).toContain(
			'knows no model "org/gone", or it is private',
		);
		expect((await refusal(pull("hf://org/model-GGUF@v9"))).message).toContain(
			'has no revision "v9"',
		);
	});
});

describe("addresses", () => {
	it("fetches a file, and starts anew when it changes between two runs", async () => {
		const url = `${server.endpoint}/files/nice-Q8_0.gguf`;
		server.files.set("nice-Q8_0.gguf", model);
		Object.assign(server.faults, {
			cutAfterBytes: 30_000,
			cuts: 6,
			failureStatus: 404,
		});
		const abort = new AbortController();
		server.faults.dripMs = 10;
		await expect(
			pull(url, {
				signal: abort.signal,
				onProgress: ({ receivedBytes }) => {
					if (receivedBytes > 200_000) abort.abort(new Error("enough"));
				},
			}),
		).rejects.toThrow("enough");
		server.reset();
		const changed = weights(model.length, 7);
		server.files.set("nice-Q8_0.gguf", changed);
		const found = await pull(url);
		expect(found).toMatchObject({
			reference: url,
			revision: "",
			label: "Q8_0",
		});
		expect(Buffer.compare(await readFile(found.mainPath), changed)).toBe(0);
		server.reset();
		await pull(url);
		expect(server.requests).toEqual([]);
	});

	it("starts anew when the file changes while it is downloaded", async () => {
		server.files.set("c.gguf", model);
		Object.assign(server.faults, { dripMs: 10, pieceBytes: 32 * 1024 });
		const changed = weights(model.length, 8);
		let isChanged = false;
		const found = await pull(`${server.endpoint}/files/c.gguf`, {
			transfer: { connections: 1, chunkBytes: 32 * 1024 },
			onProgress({ receivedBytes }) {
				if (isChanged || receivedBytes < 200_000) return;
				isChanged = true;
				server.files.set("c.gguf", changed);
				server.faults.dripMs = 0;
			},
		});
		expect(isChanged).toBe(true);
		expect(Buffer.compare(await readFile(found.mainPath), changed)).toBe(0);
	});

	it("holds a file to the digest in its address", async () => {
		server.files.set("a.gguf", model);
		const sha256 = createHash("sha256").update(model).digest("hex");
		await pull(`${server.endpoint}/files/a.gguf#sha256=${sha256}`);
		const wrong = pull(
			`${server.endpoint}/files/a.gguf#sha256=${"0".repeat(64)}`,
		);
		expect((await refusal(wrong)).message).toContain(
			`should be ${"0".repeat(64)}`,
		);
	});

	it("fetches every part of a split file", async () => {
		server.files.set("b-00001-of-00002.gguf", model);
		server.files.set("b-00002-of-00002.gguf", large);
		const found = await pull(`${server.endpoint}/files/b-00001-of-00002.gguf`);
		expect(found.files.map(({ sizeBytes }) => sizeBytes)).toEqual([
			model.length,
			large.length,
		]);
	});

	it("says that there is no such file", async () => {
		const error = await refusal(pull(`${server.endpoint}/files/gone.gguf`));
		expect(error.code).toBe("model_not_found");
	});
});

describe("a cache of the hub's own tools", () => {
	it("is used without a request, and is never written", async () => {
		const hub = join(setting.directory, "hub");
		const folder = join(hub, "models--org--model-GGUF");
		const digest = createHash("sha256").update(model).digest("hex");
		await mkdir(join(folder, "blobs"), { recursive: true });
		await mkdir(join(folder, "refs"));
		await mkdir(join(folder, "snapshots", commit), { recursive: true });
		await writeFile(join(folder, "blobs", digest), model);
		await writeFile(join(folder, "refs", "main"), commit);
		await symlink(
			join("..", "..", "blobs", digest),
			join(folder, "snapshots", commit, "model-Q4_K_M.gguf"),
		);
		const cache = new ModelCache(join(setting.directory, "own"), {
			hubCaches: [hub],
		});
		const found = await pull(undefined, { cache, isOffline: true });
		expect(found).toMatchObject({ isReadOnly: true, revision: commit });
		expect(found.files[0]?.sha256).toBe(digest);
		expect(server.requests).toEqual([]);
		expect((await refusal(cache.remove(found))).message).toContain(
			"only reads",
		);
		expect((await cache.list()).map(({ reference }) => reference)).toEqual([
			`hf://org/model-GGUF:Q4_K_M@${commit}`,
		]);
	});
});
