import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EnvironmentKeys } from "../access/environment-keys.ts";
import { SourceFiles } from "../applications/source-files.ts";
import type { Gateway } from "../gateway.ts";
import { GatewayServer } from "../gateway-server.ts";
import { blueprintRoutes } from "./blueprint-routes.ts";

let directory: string;
let server: GatewayServer;
let address: string;

const files: Readonly<Record<string, string>> = {
	"secret.txt": "not of the application",
	"app/README.md": "# Application",
	"app/src/main.ts": "export const answer = 42;",
	"app/public/index.html": "<script>alert(1)</script>",
	"app/.env": "KEY=1",
	"app/.git/config.txt": "hidden",
	"app/data/notes.txt": "of those who use it",
	"app/node_modules/package/index.js": "somebody else's",
	"app/dist/main.js": "built",
	"app/weights.bin": "no text",
};

beforeAll(async () => {
	directory = await mkdtemp(join(tmpdir(), "galley-source-"));
	for (const [path, content] of Object.entries(files)) {
		await mkdir(dirname(join(directory, path)), { recursive: true });
		await writeFile(join(directory, path), content);
	}
	await symlink(
		join(directory, "secret.txt"),
		join(directory, "app", "link.txt"),
	);
	const source = new SourceFiles(join(directory, "app"));
	server = new GatewayServer({
		gateway: {} as Gateway,
		authenticator: new EnvironmentKeys([]),
		isDraining: () => false,
		logger: { warn: () => {}, error: () => {} },
		routes: blueprintRoutes({
			status: () => [],
			source: (name) => (name === "app" ? source : null),
		}),
	});
	address = await server.listen("127.0.0.1", 0);
});
afterAll(async () => {
	await server.close(1000);
	await rm(directory, { recursive: true, force: true });
});

const get = (path: string) => fetch(`${address}/v1/blueprints/${path}`);

test("the source's files are listed; what tools made, data, hidden files and links are not", async () => {
	const response = await get("app/source");
	expect(response.status).toBe(200);
	expect(await response.json()).toEqual({
		name: "app",
		files: [
			{ path: "README.md", bytes: 13 },
			{ path: "public/index.html", bytes: 25 },
			{ path: "src/main.ts", bytes: 25 },
		],
	});
});

test("a file is answered as text, also one that a browser would run", async () => {
	const response = await get("app/source/public%2Findex.html");
	expect(response.status).toBe(200);
	expect(await response.text()).toBe(files["app/public/index.html"]);
	expect(response.headers.get("content-type")).toMatch(/^text\/plain/);
	expect(response.headers.get("x-content-type-options")).toBe("nosniff");
});

test.each([
	"app/source/..%2Fsecret.txt",
	"app/source/src%2F..%2F..%2Fsecret.txt",
	"app/source/%2Fetc%2Fpasswd",
	"app/source/.env",
	"app/source/link.txt",
	"app/source/data%2Fnotes.txt",
	"app/source/dist%2Fmain.js",
	"app/source/__proto__",
	"other/source",
	"other/source/README.md",
])("%s is not found, whatever lies there", async (path) => {
	const response = await get(path);
	expect(response.status).toBe(404);
	const { error } = (await response.json()) as { error: { message: string } };
	expect(error.message).toMatch(/no file|No blueprint/);
});
