import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
	type Browser,
	type BrowserContextOptions,
	chromium,
	type Page,
} from "playwright-core";
import {
	createMockGateway,
	type MockGatewayOptions,
} from "../dev/mock-gateway.ts";

export const executablePath =
	process.env.GALLEY_CHROMIUM ??
	["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((path) =>
		existsSync(path),
	);

/** Why the browser's tests can't run here; null when they can. */
export const noBrowser =
	executablePath === undefined
		? "no Chromium is installed (apt install chromium, or GALLEY_CHROMIUM)"
		: null;

export const sizes = {
	desktop: { width: 1440, height: 900 },
	phone: { width: 390, height: 844 },
} as const;
export type Size = keyof typeof sizes;

export interface Visit {
	page: Page;
	/** What the browser complained about: script errors, refused by the content security policy, requests to elsewhere. */
	complaints: string[];
	close(): Promise<void>;
}

/** A built console behind a stand-in for a gateway, and a browser to look at it. */
export class BrowserSetting {
	readonly directory: string;
	readonly #temporary: string;
	readonly #browser: Browser;

	private constructor(temporary: string, directory: string, browser: Browser) {
		this.#temporary = temporary;
		this.directory = directory;
		this.#browser = browser;
	}

	static async open(): Promise<BrowserSetting> {
		const temporary = await mkdtemp(join(tmpdir(), "galley-console-"));
		const directory = join(temporary, "dist");
		// As it is shipped: a test runner's environment would bring React's development build.
		process.env.NODE_ENV = "production";
		const { build } = await import("vite");
		await build({
			configFile: fileURLToPath(new URL("../vite.config.ts", import.meta.url)),
			logLevel: "error",
			build: { outDir: directory },
		});
		const browser = await chromium.launch({
			executablePath: executablePath ?? "",
			args: ["--no-sandbox", "--disable-gpu"],
		});
		return new BrowserSetting(temporary, directory, browser);
	}

	async close(): Promise<void> {
		await this.#browser.close();
		await rm(this.#temporary, { recursive: true, force: true });
	}

	/** Starts a gateway; `visit` opens pages of it. */
	async gateway(options: MockGatewayOptions = {}) {
		const server = createMockGateway({ directory: this.directory, ...options });
		await new Promise<void>((resolve) =>
			server.listen(0, "127.0.0.1", resolve),
		);
		const { port } = server.address() as AddressInfo;
		const address = `http://127.0.0.1:${port}`;
		return {
			address,
			visit: (path: string, size: Size, scheme: "dark" | "light" = "dark") =>
				this.visit(address + path, {
					viewport: sizes[size],
					colorScheme: scheme,
				}),
			close: () =>
				new Promise<void>((resolve) => {
					server.closeAllConnections();
					server.close(() => resolve());
				}),
		};
	}

	/** Opens an address in a browser that knows nothing yet. */
	async visit(url: string, options: BrowserContextOptions): Promise<Visit> {
		const { origin } = new URL(url);
		const context = await this.#browser.newContext({
			reducedMotion: "reduce",
			...options,
		});
		const page = await context.newPage();
		const complaints: string[] = [];
		page.on("pageerror", (error) => complaints.push(error.message));
		page.on("console", (message) => {
			// What is refused with 401 or 404 is shown by the page, and tested there.
			if (
				message.type() === "error" &&
				!message.text().startsWith("Failed to load resource")
			)
				complaints.push(message.text());
		});
		page.on("request", (request) => {
			const asked = request.url();
			if (!/^(data|blob):/.test(asked) && new URL(asked).origin !== origin)
				complaints.push(`a request to ${asked}`);
		});
		await page.goto(url);
		return { page, complaints, close: () => context.close() };
	}
}

const axePath = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** Accessibility findings that matter, one line each. */
export async function seriousFindings(page: Page): Promise<string[]> {
	// Not as a script of the page: its policy refuses that, and shall.
	const { readFile } = await import("node:fs/promises");
	await page.evaluate(await readFile(axePath, "utf8"));
	return page.evaluate(async () => {
		const { axe } = window as unknown as {
			axe: {
				run(): Promise<{
					violations: {
						id: string;
						impact: string | null;
						nodes: { target: unknown[]; failureSummary?: string }[];
					}[];
				}>;
			};
		};
		const { violations } = await axe.run();
		return violations
			.filter(({ impact }) => impact === "serious" || impact === "critical")
			.flatMap(({ id, nodes }) =>
				nodes
					.slice(0, 4)
					.map(
						({ target, failureSummary }) =>
							`${id}: ${target.join(" ")} ${failureSummary ?? ""}`,
					),
			);
	});
}

/** Keeps a picture where `GALLEY_SCREENSHOTS` says; for people to look at. */
export async function keepPicture(page: Page, name: string): Promise<void> {
	const folder = process.env.GALLEY_SCREENSHOTS;
	if (folder === undefined) return;
	const { width = 0 } = page.viewportSize() ?? {};
	const height = await page.evaluate(() => document.body.scrollHeight);
	await page.setViewportSize({
		width,
		height: Math.min(2600, Math.max(height, 844)),
	});
	await page.waitForTimeout(700);
	await page.screenshot({ path: join(folder, `${name}.png`) });
}
