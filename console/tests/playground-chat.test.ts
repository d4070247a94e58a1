import { describe, expect, test } from "vitest";
import { noBrowser } from "./browser-setting.ts";
import {
	answers,
	ask,
	chat,
	ended,
	message,
	openPlayground,
} from "./playground-page.ts";

const title =
	noBrowser === null
		? "the playground's chat"
		: `the playground's chat (skipped: ${noBrowser})`;

describe.skipIf(noBrowser !== null)(title, () => {
	const playground = openPlayground();

	test("streams an answer as Markdown, with its figures", async () => {
		const { page, complaints } = await playground.visit();
		await message(page).fill("Why is");
		await message(page).press("Shift+Enter");
		await message(page).pressSequentially("the sea salty?");
		await message(page).press("Enter");
		const answer = answers(page).first();
		await answer.getByText("TTFT").waitFor();
		await answer.locator("strong", { hasText: "rivers" }).waitFor();
		expect(await answer.locator("table tbody tr").count()).toBe(2);
		expect(await answer.locator("ol li").count()).toBe(3);
		expect(await answer.innerText()).toContain("48 (32 cached)");
		expect(playground.gateway.last("/v1/chat/completions")).toEqual({
			model: "starter-chat",
			messages: [{ role: "user", content: "Why is\nthe sea salty?" }],
			stream: true,
			stream_options: { include_usage: true },
		});
		// The log is not read out word by word; its end is told once.
		await page
			.locator('[role="status"]', { hasText: "The answer is complete" })
			.waitFor({ state: "attached" });
		expect(await answer.locator("[aria-live]").count()).toBe(0);
		expect(complaints).toEqual([]);
	});

	test("Escape stops the answer; what came stays, and the server is let go", async () => {
		const { page } = await playground.visit();
		const before = playground.gateway.left;
		await ask(page, "slow please");
		await answers(page).first().getByText("rivers").first().waitFor();
		await page.keyboard.press("Escape");
		await ended(page);
		const answer = answers(page).first();
		expect(await answer.innerText()).toContain("stopped");
		expect(await answer.innerText()).toContain("rivers");
		await expect.poll(() => playground.gateway.left).toBe(before + 1);
		const text = await answer.innerText();
		await page.waitForTimeout(150);
		expect(await answer.innerText()).toBe(text);
	});

	test("answers again and edited questions are branches that can be gone back to", async () => {
		const { page } = await playground.visit();
		await chat(page, "first question");
		await page.getByRole("button", { name: "Answer again" }).click();
		await ended(page);
		await page.getByText("2 / 2").waitFor();
		await page.getByRole("button", { name: "Edit this message" }).click();
		await page.getByLabel("Edit your message").fill("second question");
		await page.getByLabel("Edit your message").press("Enter");
		await ended(page);
		const conversation = page.getByRole("region", { name: "Conversation" });
		expect(await conversation.innerText()).not.toContain("first question");
		await page.getByRole("button", { name: "Earlier question" }).click();
		expect(await conversation.innerText()).toContain("first question");
		await page.getByRole("button", { name: "Earlier answer" }).click();
		await page.getByText("1 / 2").nth(1).waitFor();
	});

	test("nothing that a model writes runs, loads or leads astray", async () => {
		const { page, complaints } = await playground.visit();
		await chat(page, "hostile");
		const answer = answers(page).first();
		await answer.locator("table").first().waitFor();
		await page.waitForTimeout(300);
		expect(
			await page.evaluate(() => (window as { wasRun?: number }).wasRun),
		).toBeUndefined();
		expect(complaints).toEqual([]);
		for (const element of [
			"script",
			"iframe",
			"img",
			"style",
			"form",
			"meta",
			"object",
			"embed",
			"input:not([type=radio])",
		])
			expect([element, await answer.locator(element).count()]).toEqual([
				element,
				0,
			]);
		const links = await answer
			.locator("a")
			.evaluateAll((all) =>
				all.map((link) => (link as HTMLAnchorElement).href),
			);
		for (const link of links) expect(link).toMatch(/^https?:\/\/[\w.]+\//);
		expect(links).toContain("https://example.org/page");
		const attributes = await answer
			.locator("*")
			.evaluateAll((all) =>
				all.flatMap((element) =>
					[...element.attributes]
						.filter(({ name }) => name.startsWith("on"))
						.map(({ name }) => name),
				),
			);
		expect(attributes).toEqual([]);
		// It is shown as the text that it is, bounded, without colours for terminals.
		const text = await answer.innerText();
		expect(text).toContain("<script>window.wasRun = 1</script>");
		expect(text).not.toContain("\u001b");
		expect(text).not.toContain("\u202e");
		expect(await answer.locator("tr").count()).toBeLessThan(110);
		expect(text).toContain("more rows of this table are not drawn");
		await answer.getByText("Raw", { exact: true }).click();
		expect(await answer.innerText()).toContain("| 1499 |");
	});

	test("refusals name the field; full queues say when, and are tried again", async () => {
		const { page } = await playground.visit();
		await chat(page, "wrong");
		const alert = page.getByRole("alert");
		expect(await alert.innerText()).toContain("may be at most 2");
		expect(await alert.innerText()).toContain("Field: temperature");
		await chat(page, "busy");
		const busy = page.getByRole("alert").last();
		expect(await busy.innerText()).toContain("try again in 3 s");
		const before = playground.gateway.seen.length;
		await busy.getByRole("button", { name: /Try again/ }).click();
		await expect.poll(() => playground.gateway.seen.length).toBe(before + 1);
	});

	test("a stream that breaks or fails in the middle keeps its text and says so", async () => {
		const { page } = await playground.visit();
		await chat(page, "broken");
		expect(await answers(page).first().innerText()).toContain("rivers");
		expect(await page.getByRole("alert").innerText()).toContain("broke off");
		await chat(page, "fails");
		expect(await page.getByRole("alert").last().innerText()).toContain(
			"The engine died.",
		);
	});

	test("without a network it says so, and what was typed can be sent again", async () => {
		const { page } = await playground.visit();
		await message(page).fill("hello");
		await page.context().setOffline(true);
		await message(page).press("Enter");
		await page
			.getByRole("alert")
			.filter({ hasText: "No connection" })
			.waitFor();
		await page.context().setOffline(false);
		await page
			.getByRole("alert")
			.filter({ hasText: "No connection" })
			.getByRole("button", { name: /Try again/ })
			.click();
		await answers(page).first().locator("strong").first().waitFor();
	});
});
