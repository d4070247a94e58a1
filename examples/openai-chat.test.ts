import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import {
	createTestServer,
	listenForTest,
} from "../src/api/testing/test-server.ts";

it("openai-chat.ts streams an answer with the official client", async () => {
	const { app, scripted } = createTestServer();
	const address = await listenForTest(app);
	const example = fileURLToPath(new URL("openai-chat.ts", import.meta.url));
	const { stdout } = await promisify(execFile)(
		process.execPath,
		["--import", "tsx", example, "Say hello"],
		{ env: { ...process.env, OPENAI_BASE_URL: `${address}/v1` } },
	);
	await app.close();
	expect(stdout).toContain("Hello, world!");
	expect(stdout).toContain("13 tokens by scripted");
	expect(scripted.requests).toHaveLength(1);
});
