import { describe, expect, test } from "vitest";
import { commandWords } from "./engine-command.ts";

const values = {
	model: "org/a model",
	name: "m",
	port: "81",
	host: "127.0.0.1",
};

describe("an engine's command", () => {
	test("is split at spaces that stand in no quotes, then filled in", () => {
		expect(
			commandWords(
				'vllm  serve {model} --served-model-name={name} --port {port} --extra \'a "b"\' ""',
				values,
			),
		).toEqual([
			"vllm",
			"serve",
			"org/a model",
			"--served-model-name=m",
			"--port",
			"81",
			"--extra",
			'a "b"',
			"",
		]);
	});

	test("is refused with what to do when it can't work", () => {
		expect(() => commandWords("", values)).toThrow(/empty/);
		expect(() => commandWords("vllm serve", values)).toThrow(/no \{port\}/);
		expect(() => commandWords("x {prot} {port}", values)).toThrow(
			/\{prot\}, which stands for nothing/,
		);
		expect(() => commandWords("x 'y {port}", values)).toThrow(/never closed/);
	});
});
