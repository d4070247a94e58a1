import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
	type Browser,
	type BrowserContext,
	type BrowserContextOptions,
	chromium,
	type Page,
} from "playwright-core";
import { build } from "vite";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { noBrowser, seriousFindings } from "./browser-setting.ts";
import { PlaygroundGateway } from "./playground-gateway.ts";

const executablePath = process.env.GALLEY_CHROMIUM ?? "/usr/bin/chromium";
const reason = noBrowser === null ? "" : ` (skipped: ${noBrowser})`;

describe.skipIf(noBrowser !== null)(
	`the playground in a browser${reason}`,
	() => {
		let directory = "";
		let browser: Browser;
		let gateway: PlaygroundGateway;
		let url = "";
		const contexts: BrowserContext[] = [];

		beforeAll(async () => {
			directory = await mkdtemp(join(tmpdir(), "galley-console-"));
			await build({
				configFile: fileURLToPath(
					new URL("../vite.config.ts", import.meta.url),
				),
				logLevel: "error",
				build: { outDir: directory, emptyOutDir: true, minify: false },
			});
			gateway = new PlaygroundGateway(directory);
			url = await gateway.listen();
			browser = await chromium.launch({
				executablePath,
				args: ["--no-sandbox", "--disable-gpu"],
			});
		});

		afterEach(async () => {
			await Promise.all(contexts.splice(0).map((context) => context.close()));
		});

		afterAll(async () => {
			await browser?.close();
			await gateway?.close();
			await rm(directory, { recursive: true, force: true });
		});

		async function openPage(
			path = "/playground",
			options: BrowserContextOptions = {},
		): Promise<{ page: Page; faults: string[]; elsewhere: string[] }> {
			const context = await browser.newContext({
				viewport: { width: 1440, height: 900 },
				reducedMotion: "reduce",
				...options,
			});
			contexts.push(context);
			const page = await context.newPage();
			page.setDefaultTimeout(20_000);
			const faults: string[] = [];
			const elsewhere: string[] = [];
			page.on("pageerror", (error) => faults.push(error.message));
			page.on("request", (request) => {
				const address = request.url();
				if (!address.startsWith(url) && !/^(data|blob):/.test(address))
					elsewhere.push(address);
			});
			await page.goto(url + path);
			await page.getByRole("tab", { name: "Chat" }).waitFor();
			return { page, faults, elsewhere };
		}

		const message = (page: Page) =>
			page.getByRole("textbox", { name: "Message", exact: true });

		async function ask(page: Page, text: string): Promise<void> {
			await message(page).fill(text);
			await message(page).press("Enter");
		}

		/** Asks and waits for the end, whatever it is. */
		async function chat(page: Page, text: string): Promise<void> {
			await ask(page, text);
			await ended(page);
		}

		const ended = (page: Page) =>
			page.getByRole("button", { name: "Send", exact: true }).waitFor();

		const answers = (page: Page) =>
			page.getByRole("article", { name: /^Answer of/ });

		test("streams an answer as Markdown, with its figures", async () => {
			const { page, faults, elsewhere } = await openPage();
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
			expect(gateway.last("/v1/chat/completions")).toEqual({
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
			expect(faults).toEqual([]);
			expect(elsewhere).toEqual([]);
		});

		test("Escape stops the answer; what came stays, and the server is let go", async () => {
			const { page } = await openPage();
			const before = gateway.left;
			await ask(page, "slow please");
			await answers(page).first().getByText("rivers").first().waitFor();
			await page.keyboard.press("Escape");
			await ended(page);
			const answer = answers(page).first();
			expect(await answer.innerText()).toContain("stopped");
			expect(await answer.innerText()).toContain("rivers");
			await expect.poll(() => gateway.left).toBe(before + 1);
			const text = await answer.innerText();
			await page.waitForTimeout(150);
			expect(await answer.innerText()).toBe(text);
		});

		test("answers again and edited questions are branches that can be gone back to", async () => {
			const { page } = await openPage();
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
			const { page, faults, elsewhere } = await openPage();
			await chat(page, "hostile");
			const answer = answers(page).first();
			await answer.locator("table").first().waitFor();
			await page.waitForTimeout(300);
			expect(
				await page.evaluate(() => (window as { wasRun?: number }).wasRun),
			).toBeUndefined();
			expect(elsewhere).toEqual([]);
			expect(faults).toEqual([]);
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
			const { page } = await openPage();
			await chat(page, "wrong");
			const alert = page.getByRole("alert");
			expect(await alert.innerText()).toContain("may be at most 2");
			expect(await alert.innerText()).toContain("Field: temperature");
			await chat(page, "busy");
			const busy = page.getByRole("alert").last();
			expect(await busy.innerText()).toContain("try again in 3 s");
			const before = gateway.seen.length;
			await busy.getByRole("button", { name: /Try again/ }).click();
			await expect.poll(() => gateway.seen.length).toBe(before + 1);
		});

		test("a stream that breaks or fails in the middle keeps its text and says so", async () => {
			const { page } = await openPage();
			await chat(page, "broken");
			expect(await answers(page).first().innerText()).toContain("rivers");
			expect(await page.getByRole("alert").innerText()).toContain("broke off");
			await chat(page, "fails");
			expect(await page.getByRole("alert").last().innerText()).toContain(
				"The engine died.",
			);
		});

		test("without a network it says so, and what was typed can be sent again", async () => {
			const { page } = await openPage();
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

		test("tools: a call is shown, its result typed, and the model goes on", async () => {
			const { page } = await openPage();
			await page.getByRole("button", { name: "Tools" }).click();
			await page.getByLabel("Functions").fill('[{"type": "function"}]');
			await page
				.getByText("Tool 1 has no function with a name.")
				.first()
				.waitFor();
			await page.getByLabel("Functions").fill("");
			await page.getByRole("button", { name: "Insert an example" }).click();
			await chat(page, "use a tool");
			await page.getByText("Bergen").waitFor();
			await page.getByLabel("Result of get_weather").fill("rainy");
			await page.getByRole("button", { name: "Send the result" }).click();
			await page.getByText("It is rainy.").waitFor();
			const { messages, tools } = gateway.last("/v1/chat/completions");
			expect((messages as unknown[]).slice(1)).toEqual([
				{
					role: "assistant",
					content: null,
					tool_calls: [
						{
							id: "call_1",
							type: "function",
							function: { name: "get_weather", arguments: '{"town":"Bergen"}' },
						},
					],
				},
				{ role: "tool", tool_call_id: "call_1", content: "rainy" },
			]);
			expect(tools).toHaveLength(1);
		});

		test("a JSON schema is checked while it is typed, then asked for", async () => {
			const { page } = await openPage();
			await page.getByRole("button", { name: "Form of the answer" }).click();
			await page.getByRole("combobox", { name: "Form", exact: true }).click();
			await page.getByRole("option", { name: "JSON by a schema" }).click();
			const editor = page.getByLabel("JSON schema", { exact: true });
			await editor.fill('{"type": "objekt"}');
			await page.getByText('"objekt" is no type').first().waitFor();
			await message(page).fill("json please");
			expect(
				await page
					.getByRole("button", { name: "Send", exact: true })
					.isDisabled(),
			).toBe(true);
			await editor.fill('{"type": "object"}');
			await message(page).press("Enter");
			await page.getByText("valid JSON", { exact: true }).waitFor();
			expect(gateway.last("/v1/chat/completions").response_format).toEqual({
				type: "json_schema",
				json_schema: { name: "answer", schema: { type: "object" } },
			});
		});

		test("tokens are coloured by probability, and walked with the keyboard", async () => {
			const { page } = await openPage();
			await page.getByRole("button", { name: "Probabilities" }).click();
			await page
				.getByLabel("Ask how likely each token was")
				.click({ force: true });
			await chat(page, "hello");
			await answers(page).first().getByText("Tokens", { exact: true }).click();
			const list = page.getByRole("listbox", { name: /Tokens by probability/ });
			await list.focus();
			await page.keyboard.press("ArrowRight");
			const chosen = list.locator('[aria-selected="true"]');
			expect(await chosen.count()).toBe(1);
			expect(await chosen.getAttribute("data-band")).toMatch(/^[0-4]$/);
			expect(await page.getByText(/perplexity/).innerText()).toMatch(/\d/);
			expect(gateway.last("/v1/chat/completions")).toMatchObject({
				logprobs: true,
				top_logprobs: 5,
			});
		});

		test("pictures are for models that see, and go with the question", async () => {
			const { page } = await openPage();
			expect(
				await page.getByRole("button", { name: "Attach pictures" }).count(),
			).toBe(0);
			await choose(page, "Model", "seer");
			const [chooser] = await Promise.all([
				page.waitForEvent("filechooser"),
				page.getByRole("button", { name: "Attach pictures" }).click(),
			]);
			const picture = join(directory, "picture.png");
			await writeFile(picture, Buffer.from(redPixel, "base64"));
			await chooser.setFiles(picture);
			await page.getByRole("button", { name: "Remove picture 1" }).waitFor();
			await chat(page, "What is it?");
			const { messages } = gateway.last("/v1/chat/completions");
			expect(messages).toEqual([
				{
					role: "user",
					content: [
						{ type: "text", text: "What is it?" },
						{
							type: "image_url",
							image_url: {
								url: expect.stringMatching(/^data:image\/jpeg;base64,/),
							},
						},
					],
				},
			]);
		});

		async function choose(page: Page, label: string, option: string) {
			await page
				.getByRole("tabpanel")
				.getByRole("combobox", { name: label, exact: true })
				.click();
			await page.getByRole("option", { name: option, exact: true }).click();
		}

		test("an adapter is chosen below its base model", async () => {
			const { page } = await openPage();
			await choose(page, "Model", "starter-chat-pirate");
			await chat(page, "hello");
			expect(await answers(page).first().innerText()).toContain("Arr!");
			expect(gateway.last("/v1/chat/completions").model).toBe(
				"starter-chat-pirate",
			);
		});

		test("the code says exactly what is sent", async () => {
			const { page } = await openPage();
			await page.getByLabel("System prompt").fill("Be 'brief'.");
			await page.getByRole("textbox", { name: "Temperature" }).fill("0.3");
			await page.getByRole("textbox", { name: "Top K" }).fill("40");
			await message(page).fill('It\'s a "test"');
			await page.getByRole("button", { name: "View as code" }).click();
			const code = await page
				.getByRole("region", { name: "curl code" })
				.innerText();
			await page.getByRole("button", { name: "Close" }).click();
			await message(page).press("Enter");
			await ended(page);
			const shown = /-d '([\s\S]*)'\s*$/.exec(code.trim())?.[1] ?? "";
			expect(JSON.parse(shown.replaceAll(String.raw`'\''`, "'"))).toEqual(
				gateway.last("/v1/chat/completions"),
			);
		});

		test("parameters are sent when set, and go back to the default", async () => {
			const { page } = await openPage();
			await page.getByRole("textbox", { name: "Temperature" }).fill("0.3");
			await page.getByRole("button", { name: "Reset Temperature" }).click();
			await page.getByRole("textbox", { name: "Seed" }).fill("7");
			await chat(page, "hello");
			const body = gateway.last("/v1/chat/completions");
			expect(body).toMatchObject({ seed: 7 });
			expect(body).not.toHaveProperty("temperature");
		});

		test("sessions are kept, renamed, opened and deleted; a file brings one elsewhere", async () => {
			const { page } = await openPage();
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
			const file = join(directory, "shared.json");
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
			const { page } = await openPage("/playground?task=compare");
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
			const { page } = await openPage("/playground?task=completions");
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
			expect(gateway.last("/v1/completions")).toEqual({
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
			const { page } = await openPage("/playground?model=starter-embed");
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
			const { page } = await openPage("/playground?task=reranking");
			const panel = page.getByRole("tabpanel", { name: "Reranking" });
			await panel.getByLabel("Question").fill("Why?");
			await panel
				.getByLabel("Passages")
				.fill("Cats sleep.\nRivers carry salt.");
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
				const { page } = await openPage("/playground", options);
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
	},
);

const redPixel =
	"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
