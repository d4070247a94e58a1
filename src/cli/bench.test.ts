import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { registerBenchCommand, toBenchmarkOptions } from "./bench.ts";

/** What the command line comes to, without running it. */
function optionsOf(line: string) {
	const program = new Command()
		.exitOverride()
		.configureOutput({ writeErr() {} });
	registerBenchCommand(program);
	const command = program.commands[0];
	if (command === undefined) throw new Error("no command");
	command.action(() => {});
	program.parse(["bench", ...line.split(" ").filter((word) => word !== "")], {
		from: "user",
	});
	return toBenchmarkOptions(command.opts());
}

describe("galley bench", () => {
	it("leaves defaults to the benchmark", () => {
		expect(optionsOf("--url http://h:1")).toEqual({
			url: "http://h:1",
			endpoint: "chat",
			goodput: undefined,
			headers: undefined,
		});
	});

	it("passes every flag on under its own name", () => {
		const line =
			"--url http://h:1 --model m --endpoint completions --api-key k --header x-a:1 --header x-b:2:3 --concurrency 1,4,8 " +
			"--burstiness 0.5 --requests 10 --duration-seconds 2.5 --warmup-requests 0 --timeout-seconds 9 --input-tokens 100 " +
			"--prefix-tokens 50 --prefixes 2 --length-spread 0.1 --prompts-file p --output-tokens 7 --no-ignore-eos " +
			'--temperature default --extra-body {"min_p":0.1} --goodput ttft:500 tpot:50 --seed 3 --json-file r --request-log-file l';
		expect(optionsOf(line)).toEqual({
			url: "http://h:1",
			model: "m",
			endpoint: "completions",
			apiKey: "k",
			headers: { "x-a": "1", "x-b": "2:3" },
			concurrency: [1, 4, 8],
			burstiness: 0.5,
			requests: 10,
			durationSeconds: 2.5,
			warmupRequests: 0,
			timeoutSeconds: 9,
			inputTokens: 100,
			prefixTokens: 50,
			prefixes: 2,
			lengthSpread: 0.1,
			promptsFile: "p",
			outputTokens: 7,
			ignoreEos: false,
			temperature: null,
			extraBody: { min_p: 0.1 },
			goodput: { ttft: 500, tpot: 50 },
			seed: 3,
			jsonFile: "r",
			requestLogFile: "l",
		});
		expect(optionsOf("--url u --request-rate 0.5,2").requestRate).toEqual([
			0.5, 2,
		]);
	});

	it("refuses what is no number, no JSON and no header", () => {
		expect(() => optionsOf("--concurrency 1,x")).toThrow('"x" is no number');
		expect(() => optionsOf("--requests")).toThrow("argument missing");
		expect(() => optionsOf("--extra-body [1]")).toThrow("is no JSON object");
		expect(() => optionsOf("--extra-body {")).toThrow("is no JSON");
		expect(() => optionsOf("--header nonsense")).toThrow("is no header");
		expect(() => optionsOf("--goodput fast:1")).toThrow(
			"is not a goodput limit",
		);
	});
});
