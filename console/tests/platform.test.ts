import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { journey, look, option, title, widths } from "./platform-journey.ts";
import { noPlatform, RealPlatform, runShown } from "./real-platform.ts";

// A run that proves nothing says so, whatever its reporter shows of skipped tests.
if (noPlatform !== null)
	console.warn(`The journeys on the real platform are skipped: ${noPlatform}.`);

async function ask(page: Page, question: string): Promise<string> {
	await page.getByRole("textbox", { name: "Message" }).fill(question);
	await page.getByRole("button", { name: /^send/i }).click();
	// The figures and the copy button are there once the answer has ended.
	await page.getByRole("button", { name: "Copy answer" }).last().waitFor();
	return page
		.getByRole("article", { name: /^Answer of/ })
		.last()
		.innerText();
}

describe.skipIf(noPlatform !== null).each(widths)(
	title("an empty platform, on a %s"),
	(size) => {
		let platform: RealPlatform;
		beforeAll(async () => {
			platform = await RealPlatform.open("[]");
		});
		afterAll(() => platform?.close());

		it("leads in three clicks to an answer", journey, async () => {
			const { page, complaints, close } = await platform.visit("/", size);
			const start = page.getByRole("button", { name: "Start starter-chat" });
			await start.waitFor();
			await look(page, "first-run");
			await start.click();
			await page.getByRole("link", { name: "Open the playground" }).click();
			// With the recommended settings even the smallest model makes sense.
			expect(await ask(page, "Why is the sea salty?")).toMatch(/salt/);
			await look(page, "first-answer");
			expect(complaints).toEqual([]);
			await close();
		});

		it(
			"a model is found, compared, deployed, tried, and its code runs",
			journey,
			async () => {
				const { page, complaints, close } = await platform.visit(
					"/catalog",
					size,
				);
				await page
					.getByRole("searchbox", { name: "Search models" })
					.fill("starter chat");
				const link = page.getByRole("link", { name: /^Starter Chat/ }).first();
				await link.waitFor();
				for (const name of ["Starter Chat", "Starter Embed"])
					await page.getByRole("checkbox", option(`Compare ${name}`)).check();
				await look(page, "catalog");
				await page.getByRole("link", option("Compare")).click();
				await page.getByRole("heading", { name: "Compare models" }).waitFor();
				await look(page, "catalog-compared");
				await page
					.getByRole("link", { name: "Card and deploy: Starter Chat" })
					.click();
				await page.getByRole("tab", { name: "Runs here?" }).click();
				await page.getByText("chosen").first().waitFor();
				await look(page, "runs-here");
				await page
					.getByRole("button", { name: "Deploy another version" })
					.click();
				await page.getByRole("textbox", { name: "Name" }).fill("second-chat");
				await page.getByRole("button", option("Deploy")).click();
				const deployed = page
					.getByRole("status")
					.filter({ hasText: "second-chat" });
				await deployed.waitFor();
				await deployed
					.getByRole("link", { name: "Try it in the playground" })
					.click();
				expect(await ask(page, "Name a colour of the sea.")).toMatch(/\w{3}/);
				await page.getByRole("button", { name: "View as code" }).click();
				await look(page, "code");
				for (const [tab, language] of [
					["curl", "curl"],
					["JavaScript", "javascript"],
				] as const) {
					await page.getByRole("tab", { name: tab }).click();
					const code = await page
						.getByRole("region", { name: `${tab} code` })
						.innerText();
					expect(code).toContain("second-chat");
					expect(code).toContain(platform.address);
					expect(await runShown(language, code)).toMatch(/\w{3}/);
				}
				expect(complaints).toEqual([]);
				await close();
			},
		);

		it("two models answer one prompt side by side", journey, async () => {
			const { page, complaints, close } = await platform.visit(
				"/playground?task=compare",
				size,
			);
			for (const [number, model] of [
				[1, "starter-chat"],
				[2, "second-chat"],
			])
				await page
					.getByRole("combobox", { name: `Model of column ${number}` })
					.click()
					.then(() => page.getByRole("option", option(String(model))).click());
			await page
				.getByRole("textbox", { name: "Prompt" })
				.last()
				.fill("Say hello.");
			await page.getByRole("button", option("Compare")).click();
			await page.getByRole("heading", { name: "In figures" }).waitFor();
			await page.getByRole("cell", { name: "2. second-chat" }).waitFor();
			await look(page, "compare");
			expect(complaints).toEqual([]);
			await close();
		});

		it("a benchmark runs and is drawn", journey, async () => {
			const { page, complaints, close } = await platform.visit(
				"/benchmarks",
				size,
			);
			await page.getByRole("button", { name: "New benchmark" }).first().click();
			const form = page.getByRole("dialog");
			await form.getByRole("textbox", { name: "Users at a time" }).fill("1, 2");
			await form.getByRole("textbox", { name: "Prompt tokens" }).fill("32");
			await form.getByRole("textbox", { name: "Output tokens" }).fill("16");
			await look(page, "benchmark-form");
			await form.getByRole("button", { name: "Start" }).click();
			await page
				.getByRole("heading", { name: "Throughput against latency" })
				.waitFor();
			await page
				.getByRole("img", { name: /Inter-token latency, p95\. / })
				.waitFor();
			await look(page, "benchmark");
			expect(complaints).toEqual([]);
			await close();
		});

		it("a model is examined on one's own questions", journey, async () => {
			const { page, complaints, close } = await platform.visit(
				"/evaluations",
				size,
			);
			await page
				.getByRole("button", { name: "New evaluation" })
				.first()
				.click();
			const form = page.getByRole("dialog");
			await page.locator("input[type=file]").setInputFiles({
				name: "questions.jsonl",
				mimeType: "application/jsonl",
				buffer: Buffer.from(
					[
						{ question: "What is 1 + 1?", answer: "2" },
						{
							question: "Which is a mammal?",
							choices: ["Shark", "Dolphin"],
							answer: "Dolphin",
						},
					]
						.map((one) => JSON.stringify(one))
						.join("\n"),
				),
			});
			await form.getByText("2 questions").waitFor();
			await form.getByRole("button", { name: "Start" }).click();
			await page.getByRole("heading", { name: "Answers" }).waitFor();
			await page.getByText("Which is a mammal?").first().waitFor();
			await look(page, "evaluation");
			expect(complaints).toEqual([]);
			await close();
		});

		it("settings are measured, watched meanwhile, and applied", {
			// A minute for the search, which ends no earlier than its first figures.
			timeout: 400_000,
		}, async () => {
			const { page, complaints, close } = await platform.visit(
				"/optimizations",
				size,
			);
			await page
				.getByRole("button", { name: "New optimization" })
				.first()
				.click();
			const form = page.getByRole("dialog");
			await form.getByRole("textbox", { name: "Minutes" }).fill("1");
			await form.getByRole("button", { name: "Start" }).click();
			await page
				.getByRole("region", { name: "Measured so far" })
				.getByText("default", { exact: true })
				.waitFor();
			await look(page, "optimizing");
			await page
				.getByRole("heading", { name: "Best found" })
				.waitFor({ timeout: 240_000 });
			await page.getByRole("button", { name: "Apply to starter-chat" }).click();
			await page.getByText("Every replica of").waitFor();
			await look(page, "optimized");
			expect(complaints).toEqual([]);
			await close();
		});

		it("a service is scaled, read and restarted", journey, async () => {
			const { page, complaints, close } = await platform.visit("/fleet", size);
			const more = page.getByRole("button", {
				name: "More actions for second-chat",
			});
			await more.click();
			await page.getByRole("menuitem", { name: /Scale/ }).click();
			await page.getByRole("textbox", { name: "Replicas" }).fill("2");
			await page
				.getByRole("dialog")
				.getByRole("button", { name: "Scale" })
				.click();
			await look(page, "fleet");
			await page.getByRole("link", option("second-chat")).first().click();
			await page.getByRole("tab", { name: "Replicas" }).click();
			// A head and two replicas, both ready.
			await expect
				.poll(
					() => page.getByRole("row").filter({ hasText: /ready/i }).count(),
					{
						timeout: 90_000,
					},
				)
				.toBe(2);
			await look(page, "replicas");
			await page.getByRole("tab", { name: "Logs" }).click();
			await page
				.getByRole("region", { name: "Log of second-chat" })
				.getByText(/\w/)
				.first()
				.waitFor();
			await look(page, "logs");
			const pids = () => replicaPids(platform, "second-chat");
			const before = await pids();
			await more.click();
			await page.getByRole("menuitem", { name: "Restart" }).click();
			await expect
				.poll(
					async () => {
						const after = await pids();
						return (
							after.length === 2 && after.every((pid) => !before.includes(pid))
						);
					},
					{ timeout: 120_000 },
				)
				.toBe(true);
			expect(complaints).toEqual([]);
			await close();
		});

		it("a key is made, used, counted, revoked, refused", journey, async () => {
			const { page, complaints, close } = await platform.visit("/keys", size);
			await page.getByRole("button", { name: "Create key" }).first().click();
			await page.getByRole("textbox", { name: "Name" }).fill("harbour");
			expect(
				await page.getByRole("checkbox", { name: "Administer" }).isChecked(),
			).toBe(true);
			await look(page, "key-form");
			const form = page.getByRole("dialog");
			await form.getByRole("button", { name: "Create key" }).click();
			await page.getByText("Copy it now").waitFor();
			const key = await page.getByRole("textbox", { name: "Key" }).inputValue();
			expect(key).toMatch(/^gk_/);
			expect(
				await page.getByRole("region", { name: "Command" }).innerText(),
			).toBe(`export GALLEY_API_KEY='${key}'`);
			await look(page, "key-shown");
			const question = {
				model: "starter-chat",
				messages: [{ role: "user", content: "Hello" }],
				max_tokens: 8,
			};
			const send = () => platform.post("/v1/chat/completions", question, key);
			expect((await send()).status).toBe(200);
			await page.getByRole("button", { name: "I have it" }).click();
			// From the first key on the gateway asks for one; the page goes on with it.
			const revoke = page.getByRole("button", { name: "Revoke harbour" });
			await revoke.waitFor();
			expect(
				(await platform.post("/v1/chat/completions", question)).status,
			).toBe(401);
			await look(page, "key-made");
			await page.goto(`${platform.address}/usage`);
			await page
				.getByRole("cell", { name: /harbour/ })
				.first()
				.waitFor();
			await look(page, "usage");
			await page.goto(`${platform.address}/keys`);
			await revoke.click();
			await page
				.getByRole("dialog")
				.getByRole("button", { name: "Revoke" })
				.click();
			await expect
				.poll(async () => (await send()).status, { timeout: 60_000 })
				.toBe(401);
			await look(page, "key-revoked");
			expect(complaints).toEqual([]);
			await close();
		});
	},
);

async function replicaPids(
	platform: RealPlatform,
	name: string,
): Promise<(number | null)[]> {
	const response = await fetch(`${platform.address}/v1/fleet`);
	const { services } = (await response.json()) as {
		services: {
			name: string;
			replicas: { pid: number | null; phase: string }[];
		}[];
	};
	return (services.find((one) => one.name === name)?.replicas ?? [])
		.filter(({ phase }) => phase === "ready")
		.map(({ pid }) => pid);
}
