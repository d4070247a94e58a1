import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { WebSocket } from "undici";

const executables = [
	"/usr/bin/chromium",
	"/usr/bin/chromium-browser",
	"/usr/bin/google-chrome",
];

/** Where Chromium is; null where there is none. `CHROMIUM` names another. */
export function findBrowser(): string | null {
	const named = process.env.CHROMIUM;
	return (
		[named, ...executables].find((path) => path && existsSync(path)) ?? null
	);
}

interface Answer {
	id?: number;
	method?: string;
	params?: Record<string, unknown>;
	result?: Record<string, unknown>;
	error?: { message: string };
}

export interface Screen {
	width: number;
	height: number;
	scheme: "light" | "dark";
}

/** A browser without a window, and one page in it, by the DevTools protocol. */
export class Browser {
	/** What the page wrote to its console as errors, refused scripts and failed loads included. */
	readonly problems: string[] = [];
	/** Addresses that it asked for. */
	readonly requests: string[] = [];
	readonly #child: ChildProcess;
	readonly #socket: WebSocket;
	readonly #profile: string;
	readonly #waiting = new Map<number, (answer: Answer) => void>();
	#nextId = 1;
	#session: string | undefined;

	private constructor(child: ChildProcess, socket: WebSocket, profile: string) {
		this.#child = child;
		this.#socket = socket;
		this.#profile = profile;
		socket.addEventListener("message", ({ data }) =>
			this.#receive(JSON.parse(String(data)) as Answer),
		);
	}

	static async open(executable: string): Promise<Browser> {
		const profile = await mkdtemp(join(tmpdir(), "page-test-"));
		const child = spawn(
			executable,
			[
				"--headless",
				"--no-sandbox",
				"--disable-gpu",
				"--disable-background-networking",
				"--remote-debugging-port=0",
				`--user-data-dir=${profile}`,
				"about:blank",
			],
			// A group of its own: the executable may be a script around the browser.
			{ stdio: ["ignore", "ignore", "pipe"], detached: true },
		);
		const socket = new WebSocket(await addressOf(child));
		await once(socket, "open");
		const browser = new Browser(child, socket, profile);
		const { targetId } = await browser.#send("Target.createTarget", {
			url: "about:blank",
		});
		const { sessionId } = await browser.#send("Target.attachToTarget", {
			targetId,
			flatten: true,
		});
		browser.#session = String(sessionId);
		for (const domain of ["Page", "Runtime", "Log", "Network"])
			await browser.#send(`${domain}.enable`);
		return browser;
	}

	async close(): Promise<void> {
		const gone = once(this.#child, "exit");
		this.#socket.close();
		process.kill(-(this.#child.pid as number), "SIGKILL");
		await gone;
		await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
	}

	async visit(url: string): Promise<void> {
		// Away first: a new address behind # alone loads nothing.
		await this.#send("Page.navigate", { url: "about:blank" });
		this.problems.length = 0;
		this.requests.length = 0;
		await this.#send("Page.navigate", { url });
	}

	async setScreen({ width, height, scheme }: Screen): Promise<void> {
		await this.#send("Emulation.setDeviceMetricsOverride", {
			width,
			height,
			deviceScaleFactor: 1,
			mobile: width < 600,
		});
		await this.#send("Emulation.setEmulatedMedia", {
			features: [{ name: "prefers-color-scheme", value: scheme }],
		});
	}

	/** The value of an expression in the page; promises are waited for. */
	async evaluate<Value>(expression: string): Promise<Value> {
		const { result, exceptionDetails } = (await this.#send("Runtime.evaluate", {
			expression,
			awaitPromise: true,
			returnByValue: true,
		})) as {
			result: { value: Value };
			exceptionDetails?: { exception?: { description?: string } };
		};
		if (exceptionDetails !== undefined)
			throw new Error(exceptionDetails.exception?.description ?? expression);
		return result.value;
	}

	/** Waits until an expression is true. */
	async until(expression: string, timeoutMs = 6000): Promise<void> {
		const end = Date.now() + timeoutMs;
		for (;;) {
			const isTrue = await this.evaluate<boolean>(`!!(${expression})`).catch(
				() => false,
			);
			if (isTrue) return;
			if (Date.now() > end) {
				const text = await this.evaluate<string>("document.body.innerText");
				throw new Error(
					`Not in time: ${expression}\nThe page says:\n${text}\n${this.problems.join("\n")}`,
				);
			}
			await delay(25);
		}
	}

	/** Presses the pointer in the middle of an element, where a person would. */
	async click(selector: string): Promise<void> {
		await this.until(`document.querySelector(${JSON.stringify(selector)})`);
		const place = await this.evaluate<{ x: number; y: number }>(
			`(() => {
				const node = document.querySelector(${JSON.stringify(selector)});
				node.scrollIntoView({ block: "center" });
				const { x, y, width, height } = node.getBoundingClientRect();
				return { x: x + width / 2, y: y + height / 2 };
			})()`,
		);
		for (const type of ["mousePressed", "mouseReleased"])
			await this.#send("Input.dispatchMouseEvent", {
				type,
				...place,
				button: "left",
				clickCount: 1,
			});
	}

	type(text: string): Promise<unknown> {
		return this.#send("Input.insertText", { text });
	}

	async press(key: string): Promise<void> {
		const code = { Enter: 13, Escape: 27, Tab: 9, ArrowRight: 39 }[key] ?? 0;
		const text = key === "Enter" ? "\r" : "";
		for (const type of ["keyDown", "keyUp"])
			await this.#send("Input.dispatchKeyEvent", {
				type,
				key,
				code: key,
				windowsVirtualKeyCode: code,
				...(type === "keyDown" && text !== "" ? { text } : {}),
			});
	}

	async screenshot(path: string): Promise<void> {
		const { data } = await this.#send("Page.captureScreenshot");
		await writeFile(path, Buffer.from(String(data), "base64"));
	}

	async #send(
		method: string,
		params: Record<string, unknown> = {},
	): Promise<Record<string, unknown>> {
		const id = this.#nextId++;
		const answer = new Promise<Answer>((resolve) =>
			this.#waiting.set(id, resolve),
		);
		this.#socket.send(
			JSON.stringify({ id, method, params, sessionId: this.#session }),
		);
		const { result = {}, error } = await answer;
		if (error !== undefined) throw new Error(`${method}: ${error.message}`);
		return result;
	}

	#receive(answer: Answer): void {
		if (answer.id !== undefined) {
			this.#waiting.get(answer.id)?.(answer);
			this.#waiting.delete(answer.id);
			return;
		}
		const { method, params = {} } = answer;
		if (method === "Network.requestWillBeSent")
			this.requests.push((params.request as { url: string }).url);
		if (method === "Runtime.exceptionThrown")
			this.problems.push(JSON.stringify(params.exceptionDetails));
		if (method === "Log.entryAdded") {
			const { level, text, url } = params.entry as Record<string, string>;
			if (level === "error") this.problems.push(`${text} ${url ?? ""}`);
		}
	}
}

function addressOf(child: ChildProcess): Promise<string> {
	return new Promise((resolve, reject) => {
		let said = "";
		const fail = () =>
			reject(new Error(`The browser did not start: ${said.slice(-500)}`));
		child.once("error", reject).once("exit", fail);
		// Read to the end: a full pipe would stop the browser.
		child.stderr?.on("data", (piece: Buffer) => {
			said = (said + piece).slice(-4000);
			const [, address] = /DevTools listening on (ws:\S+)/.exec(said) ?? [];
			if (address !== undefined) resolve(address);
		});
	});
}
