import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openApplication } from "./application.ts";
import { readConfig } from "./config.ts";

test("a second chatbot in one data folder is refused in its own words, and the first goes on", async () => {
	const directory = await mkdtemp(join(tmpdir(), "rag-twice-"));
	const config = readConfig({ RAG_DATA_DIR: directory });
	const onProblem = (problem: unknown) => expect(problem).toBeUndefined();
	const first = await openApplication(config, { onProblem });
	try {
		await expect(openApplication(config, { onProblem })).rejects.toMatchObject({
			name: "ConfigError",
			message: expect.stringMatching(
				new RegExp(`process ${process.pid}\\).*RAG_DATA_DIR.*DATABASE_URL`),
			),
		});
		expect(await first.database.query("select 1 as one")).toEqual([{ one: 1 }]);
	} finally {
		await first.close();
	}
	// What was closed is free again.
	await (await openApplication(config, { onProblem })).close();
	await rm(directory, { recursive: true });
}, 60_000);
