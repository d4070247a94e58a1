import { expect, test } from "vitest";
import type { CallOutcome } from "../policy/model-call.ts";
import { testCall, testOutcome } from "../testing/model-call.ts";
import { GatewayMetrics } from "./gateway-metrics.ts";

const open = () =>
	new GatewayMetrics({
		version: "1",
		isKnown: (model) => model === "m",
		status: () => ({
			services: [],
			upstreams: [],
			aliases: [],
			applications: [],
			memory: { budgetBytes: null, usedBytes: null },
		}),
	});

function call(
	metrics: GatewayMetrics,
	model: string,
	outcome: Partial<CallOutcome> = {},
): void {
	const { settle } = metrics.admit({ ...testCall({}), model });
	settle?.(testOutcome(outcome));
}

/** `name{labels} value` -> value, without the names that others have. */
async function samples(metrics: GatewayMetrics): Promise<Map<string, string>> {
	const lines = (await metrics.render()).split("\n");
	return new Map(
		lines
			.filter((line) => line.startsWith("galley:gateway_"))
			.map((line) => {
				const at = line.lastIndexOf(" ");
				return [line.slice("galley:gateway_".length, at), line.slice(at + 1)];
			}),
	);
}

test("calls are counted by model, target and end, also when they are read again", async () => {
	using metrics = open();
	call(metrics, "m");
	call(metrics, "m", { usage: null, status: 503, kind: "refused" });
	metrics.admit({ ...testCall({}), model: "m" });
	await samples(metrics);
	call(metrics, "m", { firstByteMs: null, ms: 3_000_000 });
	const read = await samples(metrics);
	const ended = (kind: string, status: string) =>
		read.get(
			`requests_total{model="m",target="m",kind="${kind}",status="${status}"}`,
		);
	expect(ended("answered", "200")).toBe("2");
	expect(ended("refused", "503")).toBe("1");
	expect(read.get('requests_running{model="m"}')).toBe("1");
	expect(read.get('prompt_tokens_total{model="m",target="m"}')).toBe("20");
	expect(read.get('generation_tokens_total{model="m",target="m"}')).toBe("10");
	expect(read.get('request_duration_seconds_count{model="m"}')).toBe("3");
	expect(read.get('request_duration_seconds_bucket{le="+Inf",model="m"}')).toBe(
		"3",
	);
	expect(read.get('request_duration_seconds_sum{model="m"}')).toBe("3000.04");
	expect(read.get('time_to_first_byte_seconds_count{model="m"}')).toBe("2");
});

test("names that nobody serves make no series, however many come", async () => {
	using metrics = open();
	for (let index = 0; index < 1000; index++)
		call(metrics, `model-${index}`, { target: null, kind: "refused" });
	const names = [...(await samples(metrics)).keys()];
	expect(names.filter((name) => name.includes('model="')).length).toBe(
		names.filter((name) => name.includes('model="unknown"')).length,
	);
	expect(names.length).toBeLessThan(100);
});
