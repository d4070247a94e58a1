import { expect, test } from "vitest";
import { planBenchmark } from "./options.ts";

const url = "http://127.0.0.1:8000";

test("options that make no sense are refused by name", () => {
	const plan = (options: object) => () => planBenchmark({ url, ...options }, 1);
	expect(plan({ concurrency: [0] })).toThrow(/concurrency/);
	expect(plan({ concurrency: [] })).toThrow(/at least one/);
	expect(plan({ concurrency: [1], requestRate: [1] })).toThrow(/not both/);
	expect(plan({ requestRate: [0] })).toThrow(/requestRate/);
	expect(plan({ requestRate: [1], burstiness: 0 })).toThrow(/burstiness/);
	expect(plan({ requests: 1.5 })).toThrow(/requests/);
	expect(plan({ lengthSpread: 1.1 })).toThrow(/lengthSpread/);
	expect(plan({ outputTokens: 0 })).toThrow(/outputTokens/);
	expect(plan({ durationSeconds: Number.NaN })).toThrow(/durationSeconds/);
});
