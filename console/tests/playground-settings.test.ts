import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { noBrowser } from "./browser-setting.ts";
import {
	answers,
	chat,
	choose,
	ended,
	message,
	openPlayground,
} from "./playground-page.ts";

const title =
	noBrowser === null
		? "the playground's settings"
		: `the playground's settings (skipped: ${noBrowser})`;

describe.skipIf(noBrowser !== null)(title, () => {
	const playground = openPlayground();

	test("tools: a call is shown, its result typed, and the model goes on", async () => {
		const { page } = await playground.visit();
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
		const { messages, tools } = playground.gateway.last("/v1/chat/completions");
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
		const { page } = await playground.visit();
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
		expect(
			playground.gateway.last("/v1/chat/completions").response_format,
		).toEqual({
			type: "json_schema",
			json_schema: { name: "answer", schema: { type: "object" } },
		});
	});

	test("tokens are coloured by probability, and walked with the keyboard", async () => {
		const { page } = await playground.visit();
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
		expect(playground.gateway.last("/v1/chat/completions")).toMatchObject({
			logprobs: true,
			top_logprobs: 5,
		});
	});

	test("pictures are for models that see, and go with the question", async () => {
		const { page } = await playground.visit();
		expect(
			await page.getByRole("button", { name: "Attach pictures" }).count(),
		).toBe(0);
		await choose(page, "Model", "seer");
		const [chooser] = await Promise.all([
			page.waitForEvent("filechooser"),
			page.getByRole("button", { name: "Attach pictures" }).click(),
		]);
		const picture = join(playground.directory, "picture.png");
		await writeFile(picture, Buffer.from(redPixel, "base64"));
		await chooser.setFiles(picture);
		await page.getByRole("button", { name: "Remove picture 1" }).waitFor();
		await chat(page, "What is it?");
		const { messages } = playground.gateway.last("/v1/chat/completions");
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

	test("an adapter is chosen below its base model", async () => {
		const { page } = await playground.visit();
		await choose(page, "Model", "starter-chat-pirate");
		await chat(page, "hello");
		expect(await answers(page).first().innerText()).toContain("Arr!");
		expect(playground.gateway.last("/v1/chat/completions").model).toBe(
			"starter-chat-pirate",
		);
	});

	test("the code says exactly what is sent", async () => {
		const { page } = await playground.visit();
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
			playground.gateway.last("/v1/chat/completions"),
		);
	});

	test("parameters are sent when set, and go back to the default", async () => {
		const { page } = await playground.visit();
		await page.getByRole("textbox", { name: "Temperature" }).fill("0.3");
		await page.getByRole("button", { name: "Reset Temperature" }).click();
		await page.getByRole("textbox", { name: "Seed" }).fill("7");
		await chat(page, "hello");
		const body = playground.gateway.last("/v1/chat/completions");
		expect(body).toMatchObject({ seed: 7 });
		expect(body).not.toHaveProperty("temperature");
	});
});

const redPixel =
	"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
