import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** A server in a process of its own, to be killed. */
export class SpawnedServer {
	readonly address: string;
	readonly #child: ChildProcess;

	private constructor(address: string, child: ChildProcess) {
		this.address = address;
		this.#child = child;
	}

	/** With embeddings from there, quickly, page by page, and no other service. */
	static async start(
		environment: Readonly<Record<string, string>>,
	): Promise<SpawnedServer> {
		const child = spawn(
			process.execPath,
			["--import", import.meta.resolve("tsx"), here("ingest-server.ts")],
			{
				env: {
					...process.env,
					TSX_TSCONFIG_PATH: here("../../tsconfig.source.json"),
					RAG_LOG_LEVEL: "silent",
					CHAT_URL: "none",
					RERANK_URL: "none",
					CRAWL_DELAY_MS: "0",
					INGEST_CONCURRENCY: "1",
					...environment,
				},
				stdio: ["ignore", "pipe", "inherit"],
			},
		);
		const lines = createInterface({
			input: child.stdout as NodeJS.ReadableStream,
		});
		const [address] = (await once(lines, "line")) as [string];
		return new SpawnedServer(address, child);
	}

	async kill(): Promise<void> {
		const gone = once(this.#child, "exit");
		if (this.#child.exitCode === null && this.#child.kill("SIGKILL"))
			await gone;
	}

	async ask<Answer>(
		path: string,
		method = "GET",
		body?: object,
	): Promise<Answer> {
		const response = await fetch(this.address + path, {
			method,
			...(body === undefined
				? {}
				: {
						body: JSON.stringify(body),
						headers: { "content-type": "application/json" },
					}),
		});
		return (await response.json()) as Answer;
	}
}
