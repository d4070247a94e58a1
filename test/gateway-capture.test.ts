import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { ask, EchoGateway, stream } from "./echo-gateway.ts";

let echo: EchoGateway;

beforeAll(async () => {
	echo = await EchoGateway.create();
	await writeFile(
		join(echo.directory, "odd.mjs"),
		"export const createHook = () => ({ onRequest: (body) => ({ action: 'replace', body: { ...body, messages: [{ role: 'user', content: 'changed' }] } }) });",
	);
});

afterEach(async () => {
	await echo.end();
	echo.forget();
});
afterAll(() => echo.close());

describe("payload capture", () => {
	const lines = async () => {
		const folder = join(echo.directory, "captured");
		const names = (await readdir(folder)).sort();
		const texts = await Promise.all(
			names.map((name) => readFile(join(folder, name), "utf8")),
		);
		return texts
			.join("")
			.trim()
			.split("\n")
			.map((line) => JSON.parse(line));
	};

	test("is off unless it is asked for", async () => {
		const { client } = await echo.open("hooks: []");
		await ask(client, "hi");
		await echo.end();
		await expect(readdir(join(echo.directory, "captured"))).rejects.toThrow(
			"ENOENT",
		);
	});

	test("writes what was asked and answered, redacted, streams put together", async () => {
		const { client } = await echo.open("capture: {}");
		expect(echo.warnings.join()).toContain("Payload capture is on");
		const text = "Mail bob@example.com with 4111111111111111";
		expect(await ask(client, text)).toBe(text);
		expect(await stream(client, text)).toBe(text);
		await echo.end();
		const [one, two] = await lines();
		const redacted = "Mail [email] with [card]";
		expect(one).toMatchObject({
			model: "echo",
			status: 200,
			outcome: "answered",
			request: { body: { messages: [{ content: redacted }] } },
			response: { body: { choices: [{ message: { content: redacted } }] } },
		});
		expect(two.response).toMatchObject({ texts: { "content:0": redacted } });
		const folder = join(echo.directory, "captured");
		const [name = ""] = await readdir(folder);
		expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
		await rm(folder, { recursive: true });
	});

	test("stays within its sizes, and sees what the hooks have left", async () => {
		const { client } = await echo.open(
			`capture: { maxFileBytes: 1000, maxFiles: 2, maxBodyBytes: 100 }\nhooks:\n  - module: ./odd.mjs`,
		);
		for (let count = 0; count < 8; count++) await ask(client, "secret");
		await echo.end();
		const folder = join(echo.directory, "captured");
		const names = await readdir(folder);
		expect(names).toHaveLength(2);
		const all = JSON.stringify(await lines());
		expect(all).not.toContain("secret");
		expect(all).toContain("changed");
		await rm(folder, { recursive: true });
	});

	test("takes a sample", async () => {
		const { client } = await echo.open("capture: { sampling: 0 }");
		await ask(client, "hi");
		await echo.end();
		await expect(readdir(join(echo.directory, "captured"))).rejects.toThrow(
			"ENOENT",
		);
	});
});
