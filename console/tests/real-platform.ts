import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { executablePath, noBrowser } from "./browser-setting.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** The built program; another build of it when the variable says so. */
const main = process.env.GALLEY_MAIN ?? join(root, "dist/cli/main.js");

if (process.env.GALLEY_MAIN !== undefined && !existsSync(main))
	throw new Error(`GALLEY_MAIN is ${main}, and there is no such file.`);

/** Why the whole platform can't run here; null when it can. */
export const noPlatform =
	noBrowser ??
	(existsSync(main) && existsSync(join(dirname(main), "../console/index.html"))
		? null
		: "the platform isn't built (npm start builds it)");

const sizes = {
	laptop: { width: 1280, height: 800 },
	phone: { width: 390, height: 844 },
} as const;

interface Visit {
	page: Page;
	/** Errors of the page, and requests to anywhere but the platform. */
	complaints: string[];
	close(): Promise<void>;
}

/** Ports that nobody has, all different: each is held until the last is found. */
async function freePorts(count: number): Promise<number[]> {
	const servers = await Promise.all(
		Array.from({ length: count }, async () => {
			const server = createServer();
			await new Promise<void>((resolve) =>
				server.listen(0, "127.0.0.1", resolve),
			);
			return server;
		}),
	);
	const ports = servers.map((server) => {
		const address = server.address();
		return typeof address === "object" && address !== null ? address.port : 0;
	});
	await Promise.all(
		servers.map(
			(server) => new Promise<void>((resolve) => server.close(() => resolve())),
		),
	);
	return ports;
}

/** The built gateway as `npm start` runs it, with its own ports and data, and a browser. */
export class RealPlatform {
	readonly address: string;
	readonly chatbot: string;
	readonly directory: string;
	readonly #gateway: ChildProcess;
	readonly #browser: Browser;

	private constructor(parts: {
		address: string;
		chatbot: string;
		directory: string;
		gateway: ChildProcess;
		browser: Browser;
	}) {
		this.address = parts.address;
		this.chatbot = parts.chatbot;
		this.directory = parts.directory;
		this.#gateway = parts.gateway;
		this.#browser = parts.browser;
	}

	/** `services` is the fleet file's list, as YAML; the chatbot runs where it is asked for. */
	static async open(
		services: string,
		{ withChatbot = false } = {},
	): Promise<RealPlatform> {
		const directory = await mkdtemp(join(tmpdir(), "galley-platform-"));
		const [port, chatbotPort] = await freePorts(2);
		const file = join(directory, "fleet.yaml");
		await writeFile(
			file,
			[
				`gateway: { host: 127.0.0.1, port: ${port} }`,
				`services: ${services}`,
				...(withChatbot
					? [`applications: [{ name: rag-chatbot, port: ${chatbotPort} }]`]
					: []),
				"",
			].join("\n"),
		);
		let log = "";
		const gateway = spawn(process.execPath, [main, "up", file], {
			cwd: root,
			env: {
				...process.env,
				NODE_ENV: "production",
				GALLEY_DATA_DIR: join(directory, "data"),
				GALLEY_API_KEY: "",
				GALLEY_URL: "",
			},
			stdio: ["ignore", "pipe", "pipe"],
		});
		for (const stream of [gateway.stdout, gateway.stderr])
			stream?.on("data", (piece) => {
				log = (log + piece).slice(-8000);
			});
		const address = `http://127.0.0.1:${port}`;
		for (;;) {
			if (gateway.exitCode !== null)
				throw new Error(`The gateway ended before it listened:\n${log}`);
			const isUp = await fetch(`${address}/v1/models`).then(
				({ ok }) => ok,
				() => false,
			);
			if (isUp) break;
			await delay(200);
		}
		const browser = await chromium.launch({
			executablePath: executablePath ?? "",
			args: ["--no-sandbox", "--disable-gpu"],
		});
		const chatbot = `http://127.0.0.1:${chatbotPort}`;
		return new RealPlatform({ address, chatbot, directory, gateway, browser });
	}

	/** Ends the gateway as a signal from its terminal does; its services end with it. */
	async close(): Promise<void> {
		await this.#browser.close();
		if (this.#gateway.exitCode === null) {
			const ended = new Promise<void>((resolve) =>
				this.#gateway.once("close", () => resolve()),
			);
			this.#gateway.kill("SIGTERM");
			await ended;
		}
		await rm(this.directory, { recursive: true, force: true });
	}

	async visit(path: string, size: keyof typeof sizes): Promise<Visit> {
		const context = await this.#browser.newContext({
			viewport: sizes[size],
			colorScheme: "dark",
			reducedMotion: "reduce",
		});
		const complaints: string[] = [];
		const own = new Set([this.address, this.chatbot]);
		// Also of pages that a link opens.
		context.on("request", (request) => {
			const url = request.url();
			if (!/^(data|blob):/.test(url) && !own.has(new URL(url).origin))
				complaints.push(`a request to ${url}`);
		});
		context.on("weberror", (error) => complaints.push(error.error().message));
		context.on("console", (message) => {
			if (
				message.type() === "error" &&
				!message.text().startsWith("Failed to load resource")
			)
				complaints.push(message.text());
		});
		const page = await context.newPage();
		// A model on a busy machine takes its time; states are waited for, not moments.
		page.setDefaultTimeout(90_000);
		await page.goto(this.address + path);
		return { page, complaints, close: () => context.close() };
	}

	post(path: string, body: object, key?: string): Promise<Response> {
		return fetch(this.address + path, {
			method: "POST",
			headers: {
				"content-type": "application/json",
				...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
			},
			body: JSON.stringify(body),
		});
	}
}

/** Runs what a page showed, as somebody who copied it would; resolves what it printed. */
export async function runShown(
	language: "curl" | "javascript",
	code: string,
): Promise<string> {
	const [program, ...words] =
		language === "curl"
			? ["bash", "-c", code]
			: [process.execPath, "--input-type=module", "--eval", code];
	const child = spawn(program ?? "", words, {
		cwd: root,
		stdio: ["ignore", "pipe", "pipe"],
	});
	let out = "";
	let complaint = "";
	child.stdout?.on("data", (piece) => {
		out += piece;
	});
	child.stderr?.on("data", (piece) => {
		complaint += piece;
	});
	const exit = await new Promise<number | null>((resolve) =>
		child.once("close", resolve),
	);
	if (exit !== 0)
		throw new Error(`The ${language} sample ended with ${exit}: ${complaint}`);
	return out;
}
