import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startService } from "./start-service.ts";

/** Every example runs as it stands, against the starter model. */
const directory = new URL("../examples/", import.meta.url);
const maxLines = 30;
const run = promisify(execFile);

let service: Awaited<ReturnType<typeof startService>>;
beforeAll(async () => {
	service = await startService("starter-chat");
});
afterAll(() => service?.stop());

const expected: Record<string, RegExp> = {
	"openai-chat.ts": /\d+ tokens by starter-chat/,
	"openai-structured-output.ts":
		/name: '[\s\S]*age: \d+[\s\S]*mood: '(happy|sad|neither)'/,
	"openai-tools.ts": /^add\(\d+, \d+\) = \d+\n[\s\S]*\w/m,
	"openai-responses.ts": /\S+[\s\S]*(completed|incomplete)\n$/,
	"anthropic-messages.ts":
		/tokens in the prompt[\s\S]*\d+ tokens, (end_turn|max_tokens)/,
	"ai-sdk-stream-text.ts": /\S+[\s\S]*\d+ tokens/,
	"ai-sdk-generate-object.ts": /name: '[\s\S]*age: \d+/,
	"ai-sdk-tools.ts": /^add\(\{"a":(\d+),"b":(\d+)\}\) = \d+$/m,
	"langchain-chat.ts": /\w+ \w+/,
	"curl.sh": /"chat.completion"[\s\S]*data: \[DONE\][\s\S]*"type":"message"/,
};

describe("the examples", () => {
	it("are all known here, and short", () => {
		// Hooks run inside a gateway, and have their own test.
		const files = readdirSync(directory).filter(
			(file) => !file.endsWith(".test.ts") && file !== "hooks",
		);
		expect(files.sort()).toEqual(Object.keys(expected).sort());
		for (const file of files) {
			const text = readFileSync(new URL(file, directory), "utf8");
			expect(text.trimEnd().split("\n").length, file).toBeLessThanOrEqual(
				maxLines,
			);
		}
	});

	for (const [file, output] of Object.entries(expected)) {
		it(`${file} runs`, async () => {
			const path = fileURLToPath(new URL(file, directory));
			const command = file.endsWith(".sh")
				? ["sh", path]
				: [process.execPath, "--import", "tsx", path];
			const { stdout } = await run(command[0] ?? "", command.slice(1), {
				timeout: 25_000,
				env: {
					...process.env,
					GALLEY_URL: service.url,
					OPENAI_BASE_URL: `${service.url}/v1`,
					ANTHROPIC_BASE_URL: service.url,
				},
			});
			expect(stdout).toMatch(output);
		});
	}
});
