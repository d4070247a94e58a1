import { describe, expect, test } from "vitest";
import type { ServiceState } from "../../core/language-service.ts";
import { EncoderSupervisor } from "./encoder-supervisor.ts";

const fixtures = `${import.meta.dirname}/../../modalities/testing/fixtures`;

function createSupervisor(
	modelPath = `${fixtures}/tiny-embed/onnx/model.onnx`,
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
		expect(before.length).toBe(32);
		process.kill(supervisor.processId ?? 0, "SIGKILL");
		const after = await supervisor.run([sequence, sequence]);
		expect(after).toEqual(before);
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
