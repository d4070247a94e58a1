import { execFile } from "node:child_process";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toTypeScriptClient } from "./testing/openapi-types.ts";
import { createTestServer, listenForTest } from "./testing/test-server.ts";

const { app } = createTestServer();
let folder = "";
let url = "";

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "galley-client-"));
	url = await listenForTest(app);
});
afterAll(async () => {
	await app.close();
	await rm(folder, { recursive: true });
});

const program = `import { call, type Operations } from "./client.js";

export async function main(url: string) {
	const completion = await call(url, "createChatCompletion", {
		messages: [{ role: "user", content: "Hello" }],
		temperature: 0,
	});
	const text: string | null | undefined = completion.choices[0]?.message.content;
	const { output, status } = await call(url, "createResponse", { input: "Hello" });
	const [item] = output;
	const said = item?.type === "message" ? item.content[0]?.text : undefined;
	const message = await call(url, "createMessage", {
		max_tokens: 50,
		messages: [{ role: "user", content: "Hello" }],
	});
	const [block] = message.content;
	const { data } = await call(url, "listModels", undefined);
	const model = await call(url, "retrieveModel", undefined, { model: data[0]?.id ?? "" });
	return { text, said, status, block, model: model.id };
}

// @ts-expect-error: a conversation has messages
export const empty: Operations["createChatCompletion"]["body"] = {};
// @ts-expect-error: a temperature is a number
export const warm: Operations["createCompletion"]["body"] = { prompt: "Hello", temperature: "warm" };
// @ts-expect-error: max_tokens is required
export const endless: Operations["createMessage"]["body"] = { messages: [{ role: "user", content: "Hello" }] };
`;

test("a client generated from the OpenAPI document compiles, knows right from wrong bodies and reads the answers", async () => {
	const document = (await app.inject("/openapi.json")).json();
	const examples = Object.values(
		document.paths as Record<string, Record<string, Operation>>,
	)
		.flatMap(Object.values)
		.flatMap(({ operationId, requestBody }: Operation) => {
			const example = requestBody?.content["application/json"]?.example;
			return example === undefined
				? []
				: `export const ${operationId}: Operations["${operationId}"]["body"] = ${JSON.stringify(example)};`;
		});
	expect(examples.length).toBeGreaterThan(8);
	await writeFile(join(folder, "package.json"), '{"type":"module"}');
	await writeFile(join(folder, "client.ts"), toTypeScriptClient(document));
	await writeFile(
		join(folder, "program.ts"),
		`${program}${examples.join("\n")}\n`,
	);
	const compiler = createRequire(import.meta.url).resolve(
		"typescript/package.json",
	);
	const modules = dirname(dirname(compiler));
	await symlink(modules, join(folder, "node_modules"));
	const options =
		"--strict --exactOptionalPropertyTypes --target es2022 --module nodenext --skipLibCheck --types node";
	await promisify(execFile)(
		process.execPath,
		[
			join(dirname(compiler), "bin/tsc"),
			...options.split(" "),
			join(folder, "program.ts"),
		],
		{ cwd: folder },
	).catch(({ stdout }: { stdout: string }) => expect(stdout).toBe(""));
	const { main } = (await import(
		pathToFileURL(join(folder, "program.js")).href
	)) as { main(url: string): Promise<unknown> };
	expect(await main(url)).toEqual({
		text: "Hello, world!",
		said: "Hello, world!",
		status: "completed",
		block: { type: "text", text: "Hello, world!" },
		model: "scripted",
	});
});

interface Operation {
	operationId: string;
	requestBody?: { content: Record<string, { example?: unknown }> };
}
