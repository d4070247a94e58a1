import type { Page } from "playwright-core";
import { expect } from "vitest";
import { keepPicture, seriousFindings } from "./browser-setting.ts";
import { noPlatform } from "./real-platform.ts";

export const title = (name: string) =>
	noPlatform === null ? name : `${name} (skipped: ${noPlatform})`;

/** Each journey is made at both. */
export const widths = ["laptop", "phone"] as const;
export const journey = { timeout: 200_000 };
export const option = (name: string) => ({ name, exact: true });

/** Axe finds nothing serious, nothing sticks out sideways; a picture for people. */
export async function look(page: Page, name: string): Promise<void> {
	expect.soft(await seriousFindings(page), name).toEqual([]);
	const { scroll, width } = await page.evaluate(() => ({
		scroll: document.documentElement.scrollWidth,
		width: document.documentElement.clientWidth,
	}));
	expect.soft(scroll, `${name}: wider than the screen`).toBeLessThan(width + 2);
	const before = page.viewportSize();
	await keepPicture(page, `platform-${name}-${before?.width}`);
	if (before !== null) await page.setViewportSize(before);
}
