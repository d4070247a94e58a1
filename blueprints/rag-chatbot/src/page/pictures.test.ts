import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "vitest";
import { findBrowser } from "../testing/browser.ts";
import { usePage } from "../testing/use-page.ts";

describe.skipIf(findBrowser() === null)("pictures of the page", () => {
	const page = usePage();

	// `PAGE_PICTURES=folder` keeps pictures of each room, for the README and to look at.
	test.skipIf(process.env.PAGE_PICTURES === undefined)(
		"pictures",
		async () => {
			const folder = process.env.PAGE_PICTURES as string;
			await mkdir(folder, { recursive: true });
			page.api.pages = [
				{
					source: "https://example.com/docs/",
					state: "stored",
					title: "Start",
					chunks: 4,
					problem: null,
				},
				{
					source: "https://example.com/docs/old",
					state: "failed",
					title: null,
					chunks: 0,
					problem: {
						code: "http_status",
						message: "https://example.com/docs/old answered 500.",
					},
				},
				{
					source: "https://example.com/docs/scheduler",
					state: "embedding",
					title: "How the scheduler works",
					chunks: 0,
					problem: null,
				},
				{
					source: "https://example.com/docs/store",
					state: "fetching",
					title: null,
					chunks: 0,
					problem: null,
				},
			];
			page.api.pagePauseMs = 1500;
			for (const [width, height] of [
				[1280, 800],
				[390, 844],
			] as const)
				for (const scheme of ["light", "dark"] as const) {
					await page.browser.setScreen({ width, height, scheme });
					const shoot = async (name: string) => {
						await new Promise((resolve) => setTimeout(resolve, 300));
						await page.browser.screenshot(
							join(folder, `${name}-${width}-${scheme}.png`),
						);
					};
					await page.browser.visit(page.api.url);
					await page.browser.until(`document.querySelector(".welcome")`);
					await shoot("welcome");
					await page.ask("What happens when the KV cache is full?");
					await page.answered();
					await page.browser.click(".stages summary");
					await shoot("answer");
					await page.browser.click(".answer .chip");
					await page.browser.until(`document.querySelector(".panel mark")`);
					await shoot("source");
					await page.browser.visit(`${page.api.url}/#/collections/docs`);
					await page.browser.click(`[data-kind="urls"] textarea`);
					await page.browser.type("https://example.com/docs/");
					await page.browser.click(".ingest > .primary");
					await page.browser.until(
						`document.querySelectorAll(".pages li").length > 2`,
					);
					await shoot("ingest");
					for (const room of ["collections", "explorer", "settings"]) {
						await page.browser.visit(`${page.api.url}/#/${room}`);
						await page.browser.until(
							`document.querySelector(".main .card") && !document.querySelector(".main .spinner")`,
						);
						if (room === "explorer") await page.browser.click("form .primary");
						await shoot(room);
					}
				}
		},
		120_000,
	);
});
