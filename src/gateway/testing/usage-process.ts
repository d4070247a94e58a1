/** Records usage without end, and says how many rows are in files: to be killed. Arguments: folder, address of the database or "away". */
import { openServerDatabase } from "../../store/server/server-database.ts";
import { LateDatabase } from "../late-database.ts";
import { UsageLedger } from "../usage/usage-ledger.ts";
import { DatabaseUsage } from "../usage/usage-store.ts";

const [directory = "", url = ""] = process.argv.slice(2);
const database = new LateDatabase(() =>
	openServerDatabase({ url, maxConnections: 1 }),
);
const ledger = await UsageLedger.open({
	directory,
	store:
		url === "away"
			? {
					add: () => Promise.reject(new Error("away")),
					totals: async () => new Map(),
				}
			: new DatabaseUsage(database),
	logger: { warn: () => {} },
	flushMs: 20,
	compactBytes: 20_000,
});
let recorded = 0;
for (;;) {
	for (let count = 0; count < 5; count++) {
		ledger.record({
			hour: "2026-11-23T07:00:00.000Z",
			key: `key_${recorded % 3}`,
			keyName: "k",
			tenant: "t",
			model: `m${recorded % 2}`,
			requests: 1,
			errors: 0,
			promptTokens: 10,
			cachedTokens: 1,
			completionTokens: 2,
			estimated: 0,
			seconds: 0.5,
			costUsd: 0.25,
		});
		recorded++;
	}
	const said = recorded;
	await ledger.written();
	process.stdout.write(`${said}\n`);
	await new Promise((resolve) => setImmediate(resolve));
}
