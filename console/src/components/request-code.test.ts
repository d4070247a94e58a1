import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
	toChatRequest,
	toCompletionRequest,
} from "../playground/logic/request-body.ts";
import { defaultSettings } from "../playground/logic/settings.ts";
import { exampleTools } from "../playground/logic/tools.ts";
import {
	type CodeTask,
	requestCode,
	withoutLongImages,
} from "./request-code.ts";

const settings = {
	...defaultSettings,
	model: "org/model'x",
	system: "Quote \"this\" and 'that' \\ and\nlines, $HOME `x` $(y), ü 🚢.",
	parameters: {
		temperature: 0,
		top_k: 40,
		max_tokens: 64,
		stop: ["END", "\n\n"],
		dry_multiplier: 0.8,
		typical_p: 0.9,
		logit_bias: '{"5": -100}',
		ignore_eos: true,
		reasoning_effort: "low",
		seed: 7,
	},
	tools: exampleTools,
	outputKind: "json_schema" as const,
	outputTexts: {
		json_schema:
			'{"type":"object","properties":{"a":{"type":["string","null"]}}}',
	},
	logprobs: 3,
};

const requests: Record<CodeTask, Record<string, unknown>> = {
	chat: toChatRequest(settings, [
		{ role: "user", content: "It's <b>here</b>" },
		{
			role: "assistant",
			content: null,
			tool_calls: [
				{
					id: "c",
					type: "function",
					function: { name: "f", arguments: '{"x": true}' },
				},
			],
		},
		{ role: "tool", tool_call_id: "c", content: "42" },
	]).body,
	completions: toCompletionRequest(settings, {
		prompt: "Once 'upon'",
		suffix: "end",
		echo: true,
	}).body,
	embeddings: { input: ["a", "b's"], input_type: "query", dimensions: 8 },
	reranking: { query: { text: "why?" }, passages: [{ text: "be'cause" }] },
};

const paths: Record<CodeTask, string> = {
	chat: "/v1/chat/completions",
	completions: "/v1/completions",
	embeddings: "/v1/embeddings",
	reranking: "/v1/ranking",
};
const tasks = Object.keys(requests) as CodeTask[];

function codeOf(task: CodeTask, id: string, url: string): string {
	const samples = requestCode({
		url,
		task,
		model: settings.model,
		body: requests[task],
		withKey: true,
	});
	const found = samples.find((sample) => sample.id === id);
	if (found === undefined) throw new Error(`There is no sample ${id}.`);
	return found.code;
}

describe("code that is run sends what the playground sends", () => {
	let server: Server;
	let url = "";
	let seen: { path: string; body: Record<string, unknown>; key: string }[] = [];
	let folder = "";

	beforeAll(async () => {
		// Beside the packages, so that `import "openai"` finds it.
		folder = mkdtempSync(join(import.meta.dirname, ".request-code-"));
		server = createServer(async (request, response) => {
			let text = "";
			for await (const piece of request) text += piece;
			const body = JSON.parse(text) as Record<string, unknown>;
			const key = request.headers.authorization ?? "";
			seen.push({ path: request.url ?? "", body, key });
			if (body.stream === true) {
				response.writeHead(200, { "content-type": "text/event-stream" });
				response.end("data: [DONE]\n\n");
				return;
			}
			response.writeHead(200, { "content-type": "application/json" });
			response.end(JSON.stringify({ data: [], rankings: [] }));
		});
		await new Promise<void>((resolve) =>
			server.listen(0, "127.0.0.1", resolve),
		);
		const address = server.address();
		if (address === null || typeof address === "string")
			throw new Error("The server has no port.");
		url = `http://127.0.0.1:${address.port}`;
	});

	afterAll(() => {
		server.closeAllConnections();
		server.close();
		rmSync(folder, { recursive: true, force: true });
	});

	function run(command: string, given: readonly string[]): Promise<string> {
		return new Promise((resolve, reject) => {
			const child = spawn(command, given, {
				env: { ...process.env, GALLEY_API_KEY: "secret" },
			});
			let output = "";
			child.stdout.on("data", (data) => {
				output += data;
			});
			child.stderr.on("data", (data) => {
				output += data;
			});
			child.on("error", reject);
			child.on("close", (code) =>
				code === 0 ? resolve(output) : reject(new Error(output)),
			);
		});
	}

	test.each(tasks)("JavaScript: %s", async (task) => {
		seen = [];
		const file = join(folder, `${task}.mjs`);
		writeFileSync(file, codeOf(task, "javascript", url));
		await run(process.execPath, [file]);
		const [sent] = seen;
		const body = { ...sent?.body };
		// OpenAI's client asks for vectors in base64 unless told otherwise.
		if (task === "embeddings") delete body.encoding_format;
		expect(sent?.path).toBe(paths[task]);
		expect(sent?.key).toBe("Bearer secret");
		expect(body).toEqual({ model: settings.model, ...requests[task] });
	});

	const hasCurl = spawnSync("curl", ["--version"]).status === 0;
	test.skipIf(!hasCurl).each(tasks)("curl: %s", async (task) => {
		seen = [];
		await run("sh", ["-c", codeOf(task, "curl", url)]);
		const [sent] = seen;
		expect(sent?.path).toBe(paths[task]);
		expect(sent?.key).toBe("Bearer secret");
		expect(sent?.body).toEqual({ model: settings.model, ...requests[task] });
	});
});

/** Stands in for the Python packages: tells what a call was given. */
const pythonPackages = `
import json, sys, types

calls = []

class Recorder:
    def __init__(self, path=(), **given):
        self.path, self.given = path, given
    def __getattr__(self, name):
        return Recorder(self.path + (name,))
    def __call__(self, *places, **given):
        calls.append({"path": ".".join(self.path), "places": list(places), "given": given})
        return Answer(self.path)

class Answer(Recorder):
    data = []
    def __iter__(self):
        return iter(())
    def raise_for_status(self):
        pass
    def json(self):
        return {"rankings": []}

def package(name, **members):
    module = types.ModuleType(name)
    for key, value in members.items():
        setattr(module, key, value)
    sys.modules[name] = module

def root(name):
    return Recorder((name,))

package("openai", OpenAI=root("OpenAI"))
package("requests", post=root("post"))
package("langchain_openai", ChatOpenAI=root("ChatOpenAI"), OpenAI=root("OpenAI"), OpenAIEmbeddings=root("OpenAIEmbeddings"))
package("langchain_nvidia_ai_endpoints", NVIDIARerank=root("NVIDIARerank"))
package("langchain_core", documents=None)
package("langchain_core.documents", Document=lambda text: text)
code = sys.stdin.read()
exec(compile(code, "sample", "exec"), {})
print(json.dumps(calls))
`;

const hasPython = spawnSync("python3", ["--version"]).status === 0;

describe.skipIf(!hasPython)(
	`Python code${hasPython ? "" : " (skipped: there is no python3)"}`,
	() => {
		interface Call {
			path: string;
			places: unknown[];
			given: Record<string, unknown>;
		}

		function callsOf(code: string): Call[] {
			const folder = mkdtempSync(join(tmpdir(), "galley-code-"));
			try {
				writeFileSync(join(folder, "packages.py"), pythonPackages);
				const { stdout, stderr } = spawnSync(
					"python3",
					[join(folder, "packages.py")],
					{
						input: code,
						encoding: "utf8",
						env: { ...process.env, GALLEY_API_KEY: "secret" },
					},
				);
				expect(stderr).toBe("");
				const printed = stdout.trim().split("\n").at(-1) ?? "[]";
				return JSON.parse(printed) as Call[];
			} finally {
				rmSync(folder, { recursive: true, force: true });
			}
		}

		test.each(tasks)(
			"of OpenAI's client says the whole request: %s",
			(task) => {
				const calls = callsOf(codeOf(task, "python", "http://galley:8000"));
				const call = calls.find(
					({ given }) => "model" in given || "json" in given,
				);
				const {
					extra_body: extra,
					json,
					headers,
					...named
				} = call?.given ?? {};
				const sent =
					json === undefined
						? { ...named, ...((extra ?? {}) as object) }
						: json;
				expect(sent).toEqual({ model: settings.model, ...requests[task] });
				if (task === "reranking")
					expect(headers).toEqual({ Authorization: "Bearer secret" });
				else expect(calls[0]?.given.api_key).toBe("secret");
				// What the client does not know by name would be an error there.
				expect(named).not.toHaveProperty("top_k");
				expect(named).not.toHaveProperty("dry_multiplier");
			},
		);

		test("of LangChain says the whole chat", () => {
			const calls = callsOf(codeOf("chat", "langchain", "http://galley:8000"));
			const given = (path: string) =>
				calls.find((call) => call.path === path)?.given ?? {};
			const built = given("ChatOpenAI");
			const {
				extra_body: extra,
				base_url,
				api_key,
				stream_usage,
				max_tokens,
				...named
			} = built;
			expect({ base_url, api_key, stream_usage }).toEqual({
				base_url: "http://galley:8000/v1",
				api_key: "secret",
				stream_usage: true,
			});
			const bound = given("ChatOpenAI.bind");
			const stream = calls.find(({ path }) => path.endsWith("stream"));
			expect({
				...named,
				...(extra as object),
				...bound,
				max_completion_tokens: max_tokens,
				messages: stream?.places[0],
				stream: true,
				stream_options: { include_usage: true },
			}).toEqual({ model: settings.model, ...requests.chat });
		});

		test.each(["completions", "embeddings", "reranking"] as const)(
			"of LangChain runs: %s",
			(task) => {
				const calls = callsOf(codeOf(task, "langchain", "http://galley:8000"));
				expect(calls[0]?.given.model).toBe(settings.model);
			},
		);
	},
);

test("long pictures are shortened in code, and only there", () => {
	const body = {
		messages: [
			{ image_url: { url: `data:image/png;base64,${"A".repeat(1000)}` } },
			{ text: "x".repeat(1000) },
		],
	};
	const shortened = withoutLongImages(body);
	expect(shortened.isShortened).toBe(true);
	expect(JSON.stringify(shortened.body)).toContain("data:image/png;base64,...");
	expect(JSON.stringify(shortened.body)).toContain("x".repeat(1000));
	expect(withoutLongImages({ a: 1 })).toEqual({
		body: { a: 1 },
		isShortened: false,
	});
});
