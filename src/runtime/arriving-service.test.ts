import { describe, expect, it } from "vitest";
import type { LanguageService } from "../core/language-service.ts";
import { ArrivingService } from "./arriving-service.ts";

const preparing = {
	phase: "preparing",
	stage: "download",
	progress: 0.5,
	receivedBytes: 1,
	totalBytes: 2,
	bytesPerSecond: 1,
	etaSeconds: 1,
} as const;

describe("ArrivingService", () => {
	it("tells how far the model is, and its name", () => {
		const service = new ArrivingService("tiny");
		expect(service.state().phase).toBe("loading");
		service.setState(preparing);
		expect(service.state()).toEqual(preparing);
		expect(service.models()).toMatchObject([
			{ id: "tiny", root: "tiny", parent: null },
		]);
		expect(service.load().running).toBe(0);
	});

	it("refuses work with a time to come back before the model is there", () => {
		const service = new ArrivingService("tiny");
		for (const work of [
			() => service.tokenize("a", { addSpecial: true, parseSpecial: true }),
			() => service.renderChat([], { addGenerationPrompt: true }),
			() => service.tokenBytes(1),
		]) {
			expect(work).toThrow(
				expect.objectContaining({
					code: "engine_unavailable",
					retryAfterSeconds: expect.any(Number),
				}),
			);
		}
	});

	it("hands everything on once the model is there", () => {
		const service = new ArrivingService("tiny");
		service.setState(preparing);
		// Only what is asked for here.
		const model = {
			model: { id: "tiny", maxModelLength: 4096 },
			facts: { architecture: "llama" },
			state: () => ({ phase: "ready" }),
			tokenBytes: () => new Uint8Array([65]),
		} as unknown as LanguageService;
		service.arrive(model);
		expect(service.state()).toEqual({ phase: "ready" });
		expect(service.model.maxModelLength).toBe(4096);
		expect(service.facts.architecture).toBe("llama");
		expect([...service.tokenBytes(7)]).toEqual([65]);
	});
});
