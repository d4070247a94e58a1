import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { Browser, findBrowser } from "./browser.ts";
import { MockApi } from "./mock-api.ts";

/** A browser for the tests of one file, and a fresh server for each; what a person does and sees. */
export class PageUnderTest {
	#browser: Browser | null = null;
	#api: MockApi | null = null;

	get browser(): Browser {
		if (this.#browser === null) throw new Error("Only within a test.");
		return this.#browser;
	}

	get api(): MockApi {
		if (this.#api === null) throw new Error("Only within a test.");
		return this.#api;
	}

	async openBrowser(): Promise<void> {
		this.#browser = await Browser.open(findBrowser() as string);
	}

	async openServer(): Promise<void> {
		this.#api = await MockApi.open();
		await this.browser.setScreen({ width: 1280, height: 800, scheme: "light" });
	}

	async closeServer(): Promise<void> {
		await this.#api?.close();
	}

	async closeBrowser(): Promise<void> {
		await this.#browser?.close();
	}

	text(selector: string): Promise<string> {
		return this.browser.evaluate(
			`document.querySelector(${JSON.stringify(selector)})?.innerText ?? ""`,
		);
	}

	count(selector: string): Promise<number> {
		return this.browser.evaluate(
			`document.querySelectorAll(${JSON.stringify(selector)}).length`,
		);
	}

	async ask(question: string): Promise<void> {
		await this.browser.until(
			`document.activeElement?.matches(".composer textarea")`,
		);
		await this.browser.type(question);
		await this.browser.press("Enter");
	}

	answered(): Promise<void> {
		return this.browser.until(
			`document.querySelector(".answer .answer-tools")`,
		);
	}
}

export function usePage(): PageUnderTest {
	const page = new PageUnderTest();
	beforeAll(() => page.openBrowser());
	afterAll(() => page.closeBrowser());
	beforeEach(() => page.openServer());
	afterEach(() => page.closeServer());
	return page;
}
