import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
	BrowserSetting,
	keepPicture,
	noBrowser,
	seriousFindings,
} from "./browser-setting.ts";

const title =
	noBrowser === null ? "journeys" : `journeys (skipped: ${noBrowser})`;

describe.skipIf(noBrowser !== null)(title, () => {
	let setting: BrowserSetting;
	beforeAll(async () => {
		setting = await BrowserSetting.open();
	});
	afterAll(() => setting?.close());

	it("an empty platform leads in three clicks to a streaming answer", async () => {
		const gateway = await setting.gateway({ empty: true });
		const { page, complaints, close } = await gateway.visit("/", "desktop");
		await page.getByRole("button", { name: "Start starter-chat" }).waitFor();
		await keepPicture(page, "journey-first-run");
		await page.getByRole("button", { name: "Start starter-chat" }).click();
		await page.getByRole("progressbar").first().waitFor();
		await page
			.getByRole("link", { name: "Open the playground" })
			.click({ timeout: 30_000 });
		const question = page.getByRole("textbox", { name: /message/i }).last();
		await question.fill("Why is the sea salty?");
		await page.getByRole("button", { name: /^send/i }).click();
		await page.getByText(/minerals out of rock/).waitFor();
		await keepPicture(page, "journey-answer");
		expect(complaints).toEqual([]);
		await close();
		await gateway.close();
	});

	it("a model of the catalog is found, deployed and offered to be tried", async () => {
		const gateway = await setting.gateway({ entries: 1000 });
		const { page, close } = await gateway.visit("/catalog", "desktop");
		await page.getByText("1,000 models").waitFor();
		await page
			.getByRole("searchbox", { name: "Search models" })
			.fill("sextant");
		await page.getByRole("checkbox", { name: "Meridian Research" }).waitFor();
		await page.getByRole("switch", { name: "Fits this machine" }).check();
		await page
			.getByRole("link", { name: /^Sextant/ })
			.first()
			.click();
		await page.getByRole("button", { name: "Deploy", exact: true }).click();
		await page.getByRole("progressbar").first().waitFor();
		await keepPicture(page, "journey-deploying");
		await page
			.getByRole("link", { name: "Try it in the playground" })
			.waitFor({ timeout: 30_000 });
		await close();
		await gateway.close();
	});

	it("a model chosen before the typing has settled is shown", async () => {
		const gateway = await setting.gateway({ entries: 1000 });
		const { page, close } = await gateway.visit("/catalog", "desktop");
		await page.getByText("1,000 models").waitFor();
		// The page's code comes after what was typed is applied.
		await page.route(/model-page[^/]*\.js$/, async (route) => {
			await page.waitForTimeout(800);
			await route.continue();
		});
		await page
			.getByRole("searchbox", { name: "Search models" })
			.fill("sextant");
		await page.getByRole("article").first().getByRole("link").click();
		await page.getByRole("tab", { name: "Model card" }).waitFor();
		expect(new URL(page.url()).pathname).toMatch(/^\/models\//);
		await close();
		await gateway.close();
	});

	it("with 1,000 models only those near the screen are in the page", async () => {
		const gateway = await setting.gateway({ entries: 1000 });
		const { page, close } = await gateway.visit("/catalog", "desktop");
		await page.getByText("1,000 models").waitFor();
		for (let step = 0; step < 12; step++) {
			await page.mouse.wheel(0, 4000);
			await page.waitForTimeout(120);
		}
		await page.waitForTimeout(500);
		const cards = await page.getByRole("article").count();
		expect(cards).toBeGreaterThan(5);
		expect(cards).toBeLessThan(60);
		await close();
		await gateway.close();
	});

	it("a key is asked for, refused when wrong, and one that may look changes nothing", async () => {
		const gateway = await setting.gateway({ keys: true });
		const { page, close } = await gateway.visit("/fleet", "desktop");
		const field = page.getByRole("textbox", { name: "Key" });
		await field.fill("wrong");
		await page.getByRole("button", { name: "Sign in" }).click();
		await page.getByText("This gateway doesn't know that key.").waitFor();
		expect(await seriousFindings(page)).toEqual([]);
		await keepPicture(page, "journey-sign-in");
		await field.fill("read-key");
		await page.getByRole("button", { name: "Sign in" }).click();
		await page.getByRole("heading", { level: 1, name: "Fleet" }).waitFor();
		await page.getByText("read only").waitFor();
		await page.getByText("harbour-1-7.6b").first().waitFor();
		expect(await page.getByRole("button", { name: /^Stop / }).count()).toBe(0);
		expect(await page.getByRole("link", { name: "Keys" }).count()).toBe(0);
		await page.getByRole("button", { name: /visitor/ }).click();
		await page.getByRole("menuitem", { name: "Sign out" }).click();
		await field.waitFor();
		await close();
		await gateway.close();
	});

	it("a key is made, shown once, changed into nothing else, and revoked", async () => {
		const gateway = await setting.gateway();
		const { page, close } = await gateway.visit("/keys", "desktop");
		await page.getByRole("button", { name: "Create key" }).click();
		await page.getByRole("textbox", { name: "Name" }).fill("night-watch");
		await page.getByRole("textbox", { name: "Requests a minute" }).fill("30");
		await keepPicture(page, "journey-key-form");
		await page
			.getByRole("dialog")
			.getByRole("button", { name: "Create key" })
			.click();
		await page.getByText("Copy it now").waitFor();
		expect(
			await page.getByRole("textbox", { name: "Key" }).inputValue(),
		).toMatch(/^gk_/);
		await keepPicture(page, "journey-key");
		await page.getByRole("button", { name: "I have it" }).click();
		await page.getByText("30 requests/min").waitFor();
		await page.getByRole("button", { name: "Revoke night-watch" }).click();
		await page
			.getByRole("dialog")
			.getByRole("button", { name: "Revoke" })
			.click();
		await page.getByText("night-watch").waitFor({ state: "detached" });
		await close();
		await gateway.close();
	});

	it("a benchmark is started, watched and drawn", async () => {
		const gateway = await setting.gateway();
		const { page, close } = await gateway.visit(
			"/benchmarks",
			"phone",
			"light",
		);
		await page.getByRole("button", { name: "New benchmark" }).click();
		await page
			.getByRole("dialog")
			.getByRole("button", { name: "Start" })
			.click();
		await page.getByRole("heading", { name: "Progress" }).waitFor();
		await page
			.getByRole("heading", { name: "Throughput against latency" })
			.waitFor({ timeout: 30_000 });
		await page
			.getByRole("img", { name: /Inter-token latency, p95\. / })
			.waitFor();
		await close();
		await gateway.close();
	});

	it("an optimization is started, watched and applied to its service", async () => {
		const gateway = await setting.gateway();
		const { page, close } = await gateway.visit("/optimizations", "phone");
		await page.getByRole("button", { name: "New optimization" }).click();
		await page
			.getByRole("dialog")
			.getByRole("button", { name: "Start" })
			.click();
		await page.getByRole("heading", { name: "Progress" }).waitFor();
		await page
			.getByRole("heading", { name: "Best found" })
			.waitFor({ timeout: 30_000 });
		await page.getByRole("button", { name: "Apply to starter-chat" }).click();
		await page.getByText("Every replica of").waitFor({ timeout: 30_000 });
		await close();
		await gateway.close();
	});

	it("services are scaled and stopped", async () => {
		const gateway = await setting.gateway();
		const { page, close } = await gateway.visit("/fleet", "desktop");
		await page
			.getByRole("button", { name: "More actions for starter-chat" })
			.click();
		await page.getByRole("menuitem", { name: /Scale/ }).click();
		await page.getByRole("textbox", { name: "Replicas" }).fill("3");
		await page
			.getByRole("dialog")
			.getByRole("button", { name: "Scale" })
			.click();
		await page.getByText("3 ready of 4").waitFor({ timeout: 30_000 });
		await page.getByRole("button", { name: "Stop starter-embed" }).click();
		await page
			.getByRole("dialog")
			.getByRole("button", { name: "Stop" })
			.click();
		await page.getByRole("button", { name: "Start starter-embed" }).waitFor();
		await close();
		await gateway.close();
	});

	it("a gateway that goes away is said to be away, and what was known stays", async () => {
		const gateway = await setting.gateway();
		const { page, close } = await gateway.visit("/fleet", "desktop");
		await page.getByText("harbour-1-7.6b").first().waitFor();
		await gateway.close();
		await page.getByText("Reconnecting").waitFor({ timeout: 30_000 });
		await page
			.getByText("The gateway can't be reached")
			.first()
			.waitFor({ timeout: 45_000 });
		expect(await page.getByText("harbour-1-7.6b").count()).toBeGreaterThan(0);
		await keepPicture(page, "journey-offline");
		await close();
	});

	it("the first load is under 300 kB, compressed", async () => {
		const gateway = await setting.gateway();
		const { page, close } = await gateway.visit("/", "desktop");
		await page.getByRole("heading", { level: 1 }).waitFor();
		const paths = await page.evaluate(() =>
			performance
				.getEntriesByType("resource")
				.map(({ name }) => new URL(name).pathname)
				.filter((path) => path.startsWith("/console/")),
		);
		let bytes = 0;
		for (const path of new Set(paths))
			bytes += gzipSync(await readFile(join(setting.directory, path))).length;
		expect(bytes).toBeGreaterThan(50_000);
		expect(bytes).toBeLessThan(300_000);
		if (process.env.GALLEY_SCREENSHOTS !== undefined)
			console.log(`first load: ${bytes} bytes in ${paths.length} files`);
		await close();
		await gateway.close();
	});
});
