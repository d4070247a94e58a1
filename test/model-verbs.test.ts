import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	afterAll,
	afterEach,
	beforeAll,
	beforeEach,
	describe,
	expect,
	test,
	vi,
} from "vitest";
import { runProgram } from "../src/cli/program.ts";
import {
	ggufBytes,
	llamaValues,
	u32,
} from "../src/models/testing/gguf-fixture.ts";
import { HubServer } from "../src/models/testing/hub-server.ts";
import { getJson, until } from "./start-service.ts";

/** From a hub to an answer, and on to a machine without network: what a user types, against a hub on this machine. */

const main = join(import.meta.dirname, "../src/cli/main.ts");
const weights = readFileSync(
	join(import.meta.dirname, "../models/starter-chat/starter-chat-q8_0.gguf"),
);
const size = `${(weights.length / 2 ** 20).toFixed(2)} MiB`;
const folder = mkdtempSync(join(tmpdir(), "galley-verbs-"));
let hub: HubServer;
let commit = "";
let homes = 0;
const children: ChildProcess[] = [];

beforeAll(async () => {
	hub = await HubServer.start();
	commit = hub.add("org/tiny", {
		"tiny-Q8_0.gguf": weights,
		"README.md": { content: Buffer.from("# tiny"), isInGit: true },
	});
});
afterAll(async () => {
	await hub.stop();
	vi.unstubAllEnvs();
	rmSync(folder, { recursive: true, force: true });
});
afterEach(() => {
	// Those of a test that failed half-way.
	for (const child of children.splice(0)) child.kill("SIGKILL");
});
beforeEach(() => {
	hub.reset();
	useNewMachine();
});

/** An empty cache. */
function useNewMachine(): void {
	const home = join(folder, `home-${++homes}`);
	vi.stubEnv("GALLEY_DATA_DIR", home);
	vi.stubEnv("HF_HOME", home);
	vi.stubEnv("HF_ENDPOINT", hub.endpoint);
	vi.stubEnv("HF_TOKEN", "");
}

/** A command in this process: what it wrote, and how it ended. */
async function galley(...words: string[]) {
	const written = { out: "", error: "" };
	const out = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
		written.out += String(text);
		return true;
	});
	const before = process.exitCode;
	process.exitCode = undefined;
	try {
		const code = await runProgram(words, {
			stdout: process.stdout,
			stderr: { write: (text) => (written.error += text) },
		});
		return { code, ...written };
	} finally {
		process.exitCode = before;
		out.mockRestore();
	}
}

/** `galley run` as a process, on a free port. */
function galleyRun(words: readonly string[], environment = {}) {
	const child = spawn(
		process.execPath,
		["--import", "tsx", main, "run", ...words, "--port=0", "--host=127.0.0.1"],
		{
			stdio: ["ignore", "ignore", "pipe"],
			env: { ...process.env, ...environment },
		},
	);
	children.push(child);
	let said = "";
	child.stderr.setEncoding("utf8").on("data", (text: string) => {
		said += text;
	});
	const exit = new Promise<number | string>((resolve) =>
		child.once("close", (code, signal) => resolve(code ?? signal ?? "unknown")),
	);
	const url = async () => {
		await until(
			() => /Listening on (http\S+);/.test(said) || child.exitCode !== null,
		);
		return /Listening on (http\S+);/.exec(said)?.[1] ?? said;
	};
	return { child, exit, url, said: () => said };
}

async function ask(url: string) {
	const response = await fetch(`${url}/v1/chat/completions`, {
		method: "POST",
		headers: { "content-type": "application/json" },
		body: JSON.stringify({
			messages: [{ role: "user", content: "Hello!" }],
			max_tokens: 4,
			temperature: 0,
		}),
	});
	return { response, body: (await response.json()) as Record<string, unknown> };
}

const isReady = async (url: string) =>
	(await fetch(`${url}/v1/health/ready`)).status === 200;

describe("models from a hub", () => {
	test("pull, list, show, verify and rm tell the same story", async () => {
		const pulled = await galley("pull", "org/tiny");
		expect(pulled).toMatchObject({ code: 0, error: "" });
		expect(pulled.out).toContain(
			`hf://org/tiny:Q8_0: ${size} in 1 file, revision ${commit.slice(0, 12)}, sha256 checked.`,
		);
		expect((await galley("list")).out).toMatch(
			new RegExp(
				`hf://org/tiny:Q8_0 +gguf Q8_0 +${size} +${commit.slice(0, 12)} +just now`,
			),
		);
		const shown = JSON.parse(
			(await galley("show", "hf://org/tiny", "--json")).out,
		);
		expect(shown).toMatchObject({
			reference: "hf://org/tiny:Q8_0",
			where: "cache",
			revision: commit,
			description: { architecture: "llama", layers: 6, hasChatTemplate: true },
			files: [{ name: "tiny-Q8_0.gguf", sha256: expect.any(String) }],
		});
		expect((await galley("verify")).out).toContain("intact (1 file");
		expect((await galley("rm", "org/tiny:Q8_0")).out).toContain(
			`${size} freed`,
		);
		expect(await galley("rm", "org/tiny")).toMatchObject({ code: 3 });
	});

	test("show and --dry-run know a model without downloading it", async () => {
		const shown = await galley("show", "org/tiny");
		expect(shown.out).toMatch(/architecture +llama/);
		expect(shown.out).toContain("(not downloaded)");
		const planned = await galley("run", "org/tiny", "--dry-run");
		expect(planned.out).toMatch(/^reference +hf:\/\/org\/tiny +MODEL$/m);
		expect(planned.out).toMatch(
			/^file +tiny-Q8_0.gguf +profile llama-q8_0-cpu$/m,
		);
		expect(planned.out).toMatch(
			new RegExp(`^revision +${commit} +main at ${hub.endpoint}$`, "m"),
		);
		expect(hub.sentBytes).toBeLessThan(weights.length / 2);
	});

	test("a name of one's own stands for a reference", async () => {
		const planned = await galley(
			"run",
			"mine",
			"--dry-run",
			"--aliases=mine=hf://org/tiny:Q8_0",
		);
		expect(planned.out).toMatch(/^reference +hf:\/\/org\/tiny:Q8_0/m);
	});

	test("a profile's name picks the file, and once that is here nobody is asked", async () => {
		const model = (fileType: number, type: number) =>
			ggufBytes({
				values: llamaValues({ "general.file_type": u32(fileType) }),
				tensors: [{ name: "token_embd.weight", shape: [64, 3], type }],
				dataBytes: 1024 * type,
			});
		hub.add("org/two", {
			"t-Q8_0.gguf": model(7, 8),
			"t-Q4_0.gguf": model(2, 2),
		});
		const file = async (...words: string[]) => {
			const { out, error } = await galley(
				"run",
				"org/two",
				"--dry-run",
				...words,
			);
			return /^file +(\S+)/m.exec(out)?.[1] ?? error;
		};
		expect(await file()).toBe("t-Q8_0.gguf");
		expect(await file("--profile=llama-q4_0-cpu")).toBe("t-Q4_0.gguf");
		expect(await file("--profile=llama-q6_k-cpu")).toContain(
			"There is no profile",
		);
		await galley("pull", "org/two", "--profile=llama-q4_0-cpu");
		hub.reset();
		expect(await file()).toMatch(/t-Q4_0.gguf$/);
		expect(await file("--profile=llama-q4_0-cpu")).toMatch(/\/t-Q4_0.gguf$/);
		expect(hub.requests).toEqual([]);
		expect(await file("--profile=llama-q8_0-cpu")).toBe("t-Q8_0.gguf");
	});

	test("what is not here and may not be fetched: how to bring it", async () => {
		const offline = await galley("run", "org/tiny", "--offline", "--dry-run");
		expect(offline.code).toBe(3);
		expect(offline.error).toContain("galley pull hf://org/tiny");
		expect(offline.error).toContain("galley import");
		expect(hub.requests).toEqual([]);
	});

	test("NIM's verbs do the same", async () => {
		vi.stubEnv("NIM_MODEL_NAME", "hf://org/tiny:Q8_0");
		expect(await galley("download-to-cache")).toMatchObject({ code: 0 });
		const store = join(folder, "store");
		const made = await galley("create-model-store", "--model-store", store);
		expect(made).toMatchObject({ code: 0, error: "" });
		expect(readFileSync(join(store, "tiny-Q8_0.gguf")).equals(weights)).toBe(
			true,
		);
		expect((await galley("--help")).out).not.toContain("download-to-cache");
		vi.stubEnv("NIM_MODEL_NAME", "");
	});
});

describe("galley run with a model of a hub", () => {
	test("listens at once, tells how far the download is, and answers", async () => {
		Object.assign(hub.faults, { dripMs: 20, pieceBytes: 32 * 1024 });
		const service = galleyRun(["hf://org/tiny:Q8_0"]);
		const url = await service.url();
		let ready = await getJson(`${url}/v1/health/ready`);
		await until(async () => {
			ready = await getJson(`${url}/v1/health/ready`);
			return Number(ready.body.progress) > 0;
		});
		expect(ready.status).toBe(503);
		expect(ready.headers.get("retry-after")).toMatch(/^\d+$/);
		expect(ready.body).toMatchObject({
			state: "downloading",
			total_bytes: weights.length,
			received_bytes: expect.any(Number),
		});
		const early = await ask(url);
		expect(early.response.status).toBe(503);
		expect(early.response.headers.get("retry-after")).toMatch(/^\d+$/);
		for (const path of ["/metrics", "/v1/health/live", "/v1/version"])
			expect((await fetch(url + path)).status).toBe(200);
		hub.faults.dripMs = 0;
		await until(() => isReady(url));
		const { response, body } = await ask(url);
		expect(response.status, JSON.stringify(body)).toBe(200);
		const { body: metadata } = await getJson(`${url}/v1/metadata`);
		expect(metadata).toMatchObject({
			modelInfo: [
				{
					modelUrl: "hf://org/tiny:Q8_0",
					shortName: "tiny",
					repository: "org/tiny",
					revision: commit,
					sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
				},
			],
		});
		expect(service.said()).toMatch(/downloading, \d+ %/);
		service.child.kill("SIGTERM");
		expect(await service.exit).toBe(0);
	});

	test("Ctrl-C stops the download, and the next command goes on from there", async () => {
		Object.assign(hub.faults, { dripMs: 10, pieceBytes: 64 * 1024 });
		const service = galleyRun(["org/tiny"]);
		await until(() => hub.sentBytes > weights.length / 2);
		service.child.kill("SIGINT");
		expect(await service.exit).toBe(130);
		expect(service.said()).toContain("goes on from there");
		hub.reset();
		expect(await galley("pull", "org/tiny")).toMatchObject({ code: 0 });
		expect(hub.sentBytes).toBeLessThan(weights.length);
	});

	test("a download that can't be: exit code 3 and the reason", async () => {
		hub.add("org/gated", { "gated-Q8_0.gguf": weights });
		const repository = hub.repositories.get("org/gated");
		if (repository !== undefined) repository.gatedFor = "hf_token";
		const service = galleyRun(["org/gated"]);
		expect(await service.exit).toBe(3);
		expect(service.said()).toContain("is gated");
	});
});

test("a model moves in one file to a machine that opens no socket", async () => {
	expect((await galley("pull", "org/tiny:Q8_0")).code).toBe(0);
	const archive = join(folder, "tiny.tar");
	expect((await galley("export", "org/tiny", archive)).code).toBe(0);
	useNewMachine();
	hub.reset();
	const imported = await galley("import", archive);
	expect(imported).toMatchObject({ code: 0, error: "" });
	const watch = `import net from "node:net";
		const { connect } = net.Socket.prototype;
		net.Socket.prototype.connect = function (...words) {
			const [first] = words.flat();
			// Pipes between processes of this machine have a path.
			if (first?.path == null) process.stderr.write("A SOCKET WAS OPENED\\n");
			return connect.apply(this, words);
		};`;
	const service = galleyRun(["org/tiny", "--offline"], {
		NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(watch)}`,
	});
	const url = await service.url();
	await until(() => isReady(url));
	const { response, body } = await ask(url);
	expect(response.status, JSON.stringify(body)).toBe(200);
	service.child.kill("SIGTERM");
	expect(await service.exit).toBe(0);
	expect(service.said()).not.toContain("A SOCKET WAS OPENED");
	expect(hub.requests).toEqual([]);
});
