import type { BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll } from "vitest";
import { BrowserSetting, sizes, type Visit } from "./browser-setting.ts";
import { PlaygroundGateway } from "./playground-gateway.ts";

/** For the tests of one `describe`: the playground behind its stand-in, opened anew by each test. */
export function openPlayground() {
	let setting: BrowserSetting;
	let gateway: PlaygroundGateway;
	let address = "";
	const visits: Visit[] = [];

	beforeAll(async () => {
		setting = await BrowserSetting.open();
		gateway = new PlaygroundGateway(setting.directory);
		address = await gateway.listen();
	});
	afterEach(async () => {
		await Promise.all(visits.splice(0).map((visit) => visit.close()));
	});
	afterAll(async () => {
		await setting?.close();
		await gateway?.close();
	});

	return {
		get gateway() {
			return gateway;
		},
		/** Exists until the tests' end; for files that are saved and chosen. */
		get directory() {
			return setting.directory;
		},
		async visit(
			path = "/playground",
			options: BrowserContextOptions = {},
		): Promise<Visit> {
			const visit = await setting.visit(address + path, {
				viewport: sizes.desktop,
				...options,
			});
			visits.push(visit);
			visit.page.setDefaultTimeout(20_000);
			await visit.page.getByRole("tab", { name: "Chat" }).waitFor();
			return visit;
		},
	};
}

export const message = (page: Page) =>
	page.getByRole("textbox", { name: "Message", exact: true });

export const answers = (page: Page) =>
	page.getByRole("article", { name: /^Answer of/ });

export const ended = (page: Page) =>
	page.getByRole("button", { name: "Send", exact: true }).waitFor();

export async function ask(page: Page, text: string): Promise<void> {
	await message(page).fill(text);
	await message(page).press("Enter");
}

/** Asks and waits for the end, whatever it is. */
export async function chat(page: Page, text: string): Promise<void> {
	await ask(page, text);
	await ended(page);
}

export async function choose(
	page: Page,
	label: string,
	option: string,
): Promise<void> {
	await page
		.getByRole("tabpanel")
		.getByRole("combobox", { name: label, exact: true })
		.click();
	await page.getByRole("option", { name: option, exact: true }).click();
}
