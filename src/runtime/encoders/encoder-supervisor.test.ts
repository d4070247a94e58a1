import { describe, expect, test } from "vitest";
import type { ServiceState } from "../../core/language-service.ts";
import { EncoderSupervisor } from "./encoder-supervisor.ts";

const fixtures = `${import.meta.dirname}/../../modalities/testing/fixtures`;

function createSupervisor(
	modelPath = `${fixtures}/tiny-embed/onnx/model.onnx`,
	lanes = 1,
) {
	const supervisor = new EncoderSupervisor({
		load: {
			engine: "onnx",
			options: {
				modelPath,
				task: "embedding",
				pooling: "mean",
				isNormalized: true,
				padToken: 0,
				maxBatchTokens: 512,
				maxInputTokens: 48,
				threads: 1,
				providers: ["cpu"],
			},
		},
		lanes,
		backoffMs: () => 10,
		onLog: () => undefined,
	});
	const states: ServiceState["phase"][] = [];
	supervisor.onState(({ phase }) => states.push(phase));
	supervisor.start();
	return { supervisor, states };
}

const sequence = { tokens: Int32Array.of(2, 10, 3), secondStart: 3 };

describe("the process of an encoder", () => {
	test("computes, is started again when it is killed, and the batch it died with is asked again", async () => {
		const { supervisor, states } = createSupervisor();
		const info = await supervisor.whenReady();
		expect(info).toMatchObject({ engine: "onnx", width: 16 });
		const before = await supervisor.run([sequence, sequence]);
		expect(before.rows.length).toBe(32);
		process.kill(supervisor.processId ?? 0, "SIGKILL");
		const after = await supervisor.run([sequence, sequence]);
		expect(after.rows).toEqual(before.rows);
		expect(states).toEqual(["ready", "restarting", "ready"]);
		await supervisor.stop();
	}, 30_000);

	test("a batch that two processes died with ends as an error", async () => {
		const { supervisor } = createSupervisor();
		await supervisor.whenReady();
		supervisor.onState(({ phase }) => {
			if (phase === "ready") process.kill(supervisor.processId ?? 0, "SIGKILL");
		});
		const many = Array.from({ length: 2000 }, () => sequence);
		const run = supervisor.run(many);
		process.kill(supervisor.processId ?? 0, "SIGKILL");
		await expect(run).rejects.toMatchObject({
			code: "engine_crashed",
			retryAfterSeconds: expect.any(Number),
		});
		await supervisor.stop();
	}, 30_000);

	test("sessions beside each other give what one gives, and survive the death of their process", async () => {
		const { supervisor, states } = createSupervisor(undefined, 2);
		await supervisor.whenReady();
		expect(supervisor.lanes).toBe(2);
		const alone = await supervisor.run([sequence]);
		const run = () =>
			Promise.all(Array.from({ length: 9 }, () => supervisor.run([sequence])));
		for (const { rows } of await run()) expect(rows).toEqual(alone.rows);
		const again = run();
		process.kill(supervisor.processId ?? 0, "SIGKILL");
		for (const { rows } of await again) expect(rows).toEqual(alone.rows);
		expect(states).toEqual(["ready", "restarting", "ready"]);
		await supervisor.stop();
	}, 60_000);

	test("of two batches that a process died with, only the one that kills the next one too is an error", async () => {
		const { supervisor } = createSupervisor(undefined, 2);
		await supervisor.whenReady();
		let deaths = 0;
		supervisor.onState(({ phase }) => {
			// The suspects are computed one after the other: the first has the process for itself.
			if (phase === "ready" && ++deaths === 1)
				process.kill(supervisor.processId ?? 0, "SIGKILL");
		});
		const many = Array.from({ length: 2000 }, () => sequence);
		const runs = [supervisor.run(many), supervisor.run([sequence])];
		process.kill(supervisor.processId ?? 0, "SIGKILL");
		const [first, second] = await Promise.allSettled(runs);
		expect(first).toMatchObject({
			status: "rejected",
			reason: { code: "engine_crashed" },
		});
		expect(second).toMatchObject({ status: "fulfilled" });
		await supervisor.stop();
	}, 60_000);

	test("a file that is no model fails for good, with the reason", async () => {
		const { supervisor, states } = createSupervisor(
			`${fixtures}/reference.json`,
		);
		await expect(supervisor.whenReady()).rejects.toThrow(
			"ONNX Runtime can't load",
		);
		expect(states).toEqual(["failed"]);
		await expect(supervisor.run([sequence])).rejects.toMatchObject({
			code: "engine_unavailable",
		});
		await supervisor.stop();
	}, 30_000);
});
