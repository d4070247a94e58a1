import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { noBrowser, seriousFindings } from "./browser-setting.ts";
import { answers, chat, choose, openPlayground } from "./playground-page.ts";

const title =
	noBrowser === null
		? "the playground's tasks and sessions"
		: `the playground's tasks and sessions (skipped: ${noBrowser})`;

describe.skipIf(noBrowser !== null)(title, () => {
	const playground = openPlayground();

	test("sessions are kept, renamed, opened and deleted; a file brings one elsewhere", async () => {
		const { page } = await playground.visit();
		await chat(page, "remember the harbour");
		await page.waitForTimeout(700);
		await page.reload();
		await page.getByText("remember the harbour").waitFor();

		const [download] = await Promise.all([
			page.waitForEvent("download"),
			page.getByRole("button", { name: "Share as a file" }).click(),
		]);
		expect(download.suggestedFilename()).toBe(
			"remember-the-harbour.galley.json",
		);
		const file = join(playground.directory, "shared.json");
		await download.saveAs(file);
		expect(await readFile(file, "utf8")).toContain("galley-playground");

		await page.getByRole("button", { name: "New", exact: true }).click();
		await page.getByText("Chat with starter-chat").waitFor();
		await page.getByRole("button", { name: "Sessions" }).click();
		const drawer = page.getByRole("dialog", { name: "Sessions" });
		await drawer
			.getByRole("button", { name: "Rename remember the harbour" })
			.click();
		await drawer.getByLabel("Name of the session").fill("Harbour talk");
		await drawer.getByLabel("Name of the session").press("Enter");
		await drawer.getByRole("button", { name: /^Harbour talk/ }).click();
		await page.getByText("remember the harbour").waitFor();

		await page.getByRole("button", { name: "Sessions" }).click();
		await drawer.getByRole("button", { name: "Delete Harbour talk" }).click();
		await drawer.getByRole("button", { name: "Delete", exact: true }).click();
		await drawer.getByText("Nothing kept yet").waitFor();

		const [chooser] = await Promise.all([
			page.waitForEvent("filechooser"),
			drawer.getByRole("button", { name: "Open a file" }).click(),
		]);
		await chooser.setFiles(file);
		await page.getByText("remember the harbour").waitFor();
		expect(await answers(page).first().innerText()).toContain("rivers");
	});

	test("compares models side by side on one prompt", async () => {
		const { page } = await playground.visit("/playground?task=compare");
		const panel = page.getByRole("tabpanel");
		await panel.getByRole("button", { name: "Add a column" }).click();
		await choose(page, "Model of column 3", "starter-chat-pirate");
		await panel.getByLabel("Prompt", { exact: true }).fill("hello");
		await panel.getByLabel("Prompt", { exact: true }).press("Enter");
		await panel.getByText("In figures").waitFor();
		expect(
			await panel.locator("table").last().locator("tbody tr").count(),
		).toBe(3);
		expect(
			await panel.getByRole("region", { name: "Column 3" }).innerText(),
		).toContain("Arr!");
		await panel.getByRole("button", { name: "Remove column 3" }).click();
		expect(
			await panel.getByRole("button", { name: /Remove column/ }).count(),
		).toBe(0);
	});

	test("completes text, with suffix, echo and tokens", async () => {
		const { page } = await playground.visit("/playground?task=completions");
		const panel = page.getByRole("tabpanel");
		await panel.getByRole("button", { name: "Probabilities" }).click();
		await panel
			.getByLabel("Ask how likely each token was")
			.click({ force: true });
		await panel.getByLabel("Prompt", { exact: true }).fill("Once");
		await panel.getByLabel("Suffix").fill("The end.");
		await panel.getByLabel("Echo the prompt").click({ force: true });
		await panel.getByRole("button", { name: "Complete" }).click();
		await panel.getByText("TTFT").waitFor();
		expect(playground.gateway.last("/v1/completions")).toEqual({
			model: "starter-chat",
			prompt: "Once",
			suffix: "The end.",
			echo: true,
			max_tokens: 128,
			logprobs: 5,
			stream: true,
			stream_options: { include_usage: true },
		});
		const result = panel.getByRole("region", { name: "Completion" });
		expect(await result.locator("pre").innerText()).toBe(
			"Once there lived a ship.The end.",
		);
		await result.getByText("Tokens", { exact: true }).click();
		expect(await result.getByRole("option").count()).toBe(5);
	});

	test("embeds texts into a matrix and a map", async () => {
		const { page } = await playground.visit("/playground?model=starter-embed");
		const panel = page.getByRole("tabpanel", { name: "Embeddings" });
		const texts = panel.getByRole("textbox", { name: "Texts" });
		await texts.fill("blue ship\nblue boat\n\nred onion");
		await texts.press("Control+Enter");
		await panel.getByText("3 vectors of 24 dimensions").waitFor();
		expect(await panel.locator("tbody td").count()).toBe(9);
		expect(await panel.locator("svg[role=img] circle").count()).toBe(3);
		const closest = panel.locator("ol li").first();
		expect(await closest.innerText()).toMatch(/blue ship[\s\S]*blue boat/);
	});

	test("ranks passages, best first", async () => {
		const { page } = await playground.visit("/playground?task=reranking");
		const panel = page.getByRole("tabpanel", { name: "Reranking" });
		await panel.getByLabel("Question").fill("Why?");
		await panel.getByLabel("Passages").fill("Cats sleep.\nRivers carry salt.");
		await panel.getByLabel("Question").press("Enter");
		const items = panel.locator("ol li");
		await items.first().waitFor();
		expect(await items.first().innerText()).toContain("Rivers carry salt.");
		expect(await items.first().innerText()).toContain("up 1");
	});

	test.each([
		{ where: "a desktop, dark", colorScheme: "dark" as const },
		{
			where: "a phone, light",
			colorScheme: "light" as const,
			viewport: { width: 390, height: 844 },
		},
	])(
		"on $where: no serious finding of axe, and nothing runs out of the screen",
		async ({ where: _, ...options }) => {
			const { page } = await playground.visit("/playground", options);
			await chat(page, "hello");
			await check(page, "chat");
			for (const name of [
				"Compare",
				"Completions",
				"Embeddings",
				"Reranking",
			]) {
				await page.getByRole("tab", { name }).click();
				const panel = page.getByRole("tabpanel", { name });
				await panel.getByRole("button", { name: "Sessions" }).waitFor();
				if (name === "Embeddings" || name === "Reranking") {
					await panel
						.getByRole("button", { name: "Insert an example" })
						.click();
					await panel
						.getByRole("button", {
							name: name === "Embeddings" ? "Embed" : "Rank",
							exact: true,
						})
						.click();
					await panel
						.getByText(/tokens$/)
						.first()
						.waitFor();
				}
				await check(page, name);
			}
			await page.getByRole("tab", { name: "Chat" }).click();
			const settings = page
				.getByRole("tabpanel")
				.getByRole("button", { name: "Settings", exact: true });
			if (await settings.isVisible()) {
				await settings.click();
				await page.getByRole("dialog", { name: "Settings" }).waitFor();
				await check(page, "settings");
				await page.keyboard.press("Escape");
				await page.getByRole("dialog").waitFor({ state: "detached" });
			}
			await page
				.getByRole("tabpanel")
				.getByRole("button", { name: "View as code" })
				.click();
			await page.getByRole("dialog").waitFor();
			await check(page, "code");
			await page.keyboard.press("Escape");
			await page.getByRole("dialog").waitFor({ state: "detached" });
			await page
				.getByRole("tabpanel")
				.getByRole("button", { name: "Sessions" })
				.click();
			await page
				.getByRole("dialog")
				.getByText(/kept in this browser/)
				.waitFor();
			await check(page, "sessions");
		},
		240_000,
	);

	async function check(page: Page, place: string): Promise<void> {
		const width = await page.evaluate(
			() =>
				document.documentElement.scrollWidth -
				document.documentElement.clientWidth,
		);
		expect([place, "runs out by", Math.max(0, width)]).toEqual([
			place,
			"runs out by",
			0,
		]);
		const findings = await seriousFindings(page);
		expect([place, findings]).toEqual([place, []]);
	}
});
