import { describe, expect, test } from "vitest";
import { resolveServiceConfig } from "../config/service-config.ts";
import { createLogger } from "../observability/logger.ts";
import { type EncoderLocation, planEncoder } from "./encoder-plan.ts";
import { locateModel } from "./locate-model.ts";
import { serveEncoder } from "./serve-encoder.ts";

const fixtures = `${import.meta.dirname}/../modalities/testing/fixtures`;

async function locate(folder: string, flags: Record<string, unknown> = {}) {
	const model = `${fixtures}/${folder}`;
	const config = resolveServiceConfig({
		flags: { model, port: "0", grpcPort: "off", ...flags },
		environment: {},
	});
	const location = await locateModel(model, config);
	expect(location.kind).toBe("encoder");
	return { location: location as EncoderLocation, config };
}

describe("a folder with ONNX files", () => {
	test("has a profile for each precision; the highest is taken unless another is asked for", async () => {
		const plain = await locate("tiny-embed");
		const plan = await planEncoder(plain.location, plain.config);
		expect(plan.profiles.map(({ name }) => name)).toEqual([
			"onnx-fp32-cpu",
			"onnx-int8-cpu",
		]);
		expect(plan.facts).toMatchObject({
			architecture: "bert",
			precision: "fp32",
			maxInputTokens: 48,
		});
		const asked = await locate("tiny-embed", { profile: "onnx-int8-cpu" });
		const int8 = await planEncoder(asked.location, asked.config);
		expect(int8.load.options.modelPath).toMatch(/model_int8\.onnx$/);
	});

	test("refuses a profile that there isn't, and inputs longer than the model reads", async () => {
		const fp16 = await locate("tiny-rerank", { profile: "onnx-fp16-cpu" });
		await expect(planEncoder(fp16.location, fp16.config)).rejects.toThrow(
			"it has onnx-fp32-cpu",
		);
		const long = await locate("tiny-rerank", { maxModelLen: "4096" });
		await expect(planEncoder(long.location, long.config)).rejects.toThrow(
			"more than the 64 tokens",
		);
	});

	test("is served by its engine process over HTTP", async () => {
		const { location, config } = await locate("tiny-rerank");
		const plan = await planEncoder(location, config);
		const logger = createLogger({
			level: "error",
			format: "json",
			destination: process.stderr,
		});
		const running = await serveEncoder(plan, config, logger);
		try {
			const answer = await fetch(`${running.address}/v1/ranking`, {
				method: "POST",
				headers: { "content-type": "application/json" },
				body: JSON.stringify({
					model: "tiny-rerank",
					query: { text: "what runs in the sea?" },
					passages: [{ text: "a cat" }, { text: "the ship runs in the sea" }],
				}),
			});
			expect(answer.status).toBe(200);
			const { rankings } = (await answer.json()) as {
				rankings: { index: number; logit: number }[];
			};
			expect(rankings.map(({ index }) => index).sort()).toEqual([0, 1]);
		} finally {
			await running.stop();
		}
	}, 30_000);
});
