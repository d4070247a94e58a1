import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { journey, look, option, title, widths } from "./platform-journey.ts";
import { noPlatform, RealPlatform } from "./real-platform.ts";

/** How far the chatbot is with reading Galley's documentation. */
async function readingState(chatbot: string): Promise<string | undefined> {
	const read = async <Answer>(path: string) =>
		(await (await fetch(chatbot + path)).json()) as Answer;
	const { collections } = await read<{ collections: { id: string }[] }>(
		"/v1/collections",
	);
	const [collection] = collections;
	if (collection === undefined) return undefined;
	const { jobs } = await read<{ jobs: { state: string }[] }>(
		`/v1/collections/${collection.id}/jobs`,
	);
	return jobs[0]?.state;
}

describe.skipIf(noPlatform !== null).each(widths)(
	title("a platform with its chatbot, on a %s"),
	(size) => {
		let platform: RealPlatform;
		beforeAll(async () => {
			platform = await RealPlatform.open(
				"[{ name: starter-chat }, { name: starter-embed }, { name: starter-rerank }]",
				{ withChatbot: true },
			);
		});
		afterAll(() => platform?.close());

		it("the chatbot is opened, asked, and cites", journey, async () => {
			const { page, complaints, close } = await platform.visit(
				"/blueprints",
				size,
			);
			const card = page.getByRole("article", { name: /RAG/ });
			await card.getByText(/ready/i).first().waitFor();
			await look(page, "blueprints");
			const opened = page.waitForEvent("popup");
			await card.getByRole("link", { name: /^Try it/ }).click();
			const chatbot = await opened;
			chatbot.setDefaultTimeout(120_000);
			await expect
				.poll(() => readingState(platform.chatbot), { timeout: 150_000 })
				.toBe("finished");
			expect(new URL(chatbot.url()).origin).toBe(platform.chatbot);
			await chatbot
				.getByRole("textbox", { name: "Question" })
				.fill("Which databases can the store use?");
			await chatbot.getByRole("button", option("Ask")).click();
			await chatbot
				.getByRole("button", { name: /^Source 1: / })
				.first()
				.waitFor();
			await look(chatbot, "chatbot");
			expect(complaints).toEqual([]);
			await close();
		});

		it("its source is read in the browser", journey, async () => {
			const { page, complaints, close } = await platform.visit(
				"/blueprints",
				size,
			);
			await page.getByRole("link", { name: "Source of RAG chatbot" }).click();
			await page
				.getByRole("heading", { name: "Source of RAG chatbot" })
				.waitFor();
			await page.getByRole("region", { name: "README.md" }).waitFor();
			await look(page, "source");
			if (size === "laptop")
				await page.getByRole("button", option("src/main.ts")).click();
			else {
				await page.getByRole("combobox", { name: "File" }).click();
				await page.getByRole("option", option("src/main.ts")).click();
			}
			const code = page.getByRole("region", { name: "src/main.ts" });
			expect(await code.innerText()).toContain("import ");
			await look(page, "source-file");
			expect(complaints).toEqual([]);
			await close();
		});
	},
);
