/**
 * `npm run bench:peers -- [SUITE...] [--case NAME,...] [--model SHAPE|FILE] [--rounds N] [--threads N] [--patience N] [--quick]
 * [--out DIRECTORY] [--galley FILE]`
 * Compares Galley with the servers people run today: same model file, same load, one machine, one run. `--suite SUITE` is the same as
 * SUITE. `--case` runs only these cases of a suite.
 * `--patience` repeats what others disturbed, `--galley` takes the `dist/cli/main.js` of another build.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { describeEnvironment } from "../harness/environment.ts";
import { writeResult } from "../harness/result.ts";
import { ServerFleet } from "../harness/server-process.ts";
import { ensureRandomModel } from "../random-model/random-model.ts";
import { isShapeName, shapes } from "../random-model/shapes.ts";
import { findLlamaPeer } from "./llama-peer.ts";
import { chooseSuites, resultName } from "./selection.ts";
import type { Suite } from "./suite.ts";
import { lora } from "./suites/lora.ts";
import { road } from "./suites/road.ts";
import { scheduler } from "./suites/scheduler.ts";

const suites: readonly Suite[] = [road, scheduler, lora];
const defaultModel = "135m";

async function main(): Promise<void> {
	const { values, positionals } = parseArgs({
		allowPositionals: true,
		options: {
			suite: { type: "string", multiple: true, default: [] },
			case: { type: "string", multiple: true, default: [] },
			model: { type: "string", default: defaultModel },
			rounds: { type: "string" },
			threads: { type: "string", default: "2" },
			patience: { type: "string", default: "0" },
			quick: { type: "boolean", default: false },
			galley: {
				type: "string",
				default: fileURLToPath(
					new URL("../../dist/cli/main.js", import.meta.url),
				),
			},
			out: {
				type: "string",
				default: fileURLToPath(new URL("../results", import.meta.url)),
			},
		},
	});
	const { chosen, cases } = chooseSuites(suites, {
		suites: [...positionals, ...values.suite],
		cases: values.case,
	});
	const rounds = wholeNumber(
		"rounds",
		values.rounds ?? (values.quick ? "1" : "3"),
	);
	const threads = wholeNumber("threads", values.threads);
	const patience = wholeNumber("patience", values.patience, 0);
	const peer = findLlamaPeer();
	if (peer === null)
		throw new Error(
			"llama.cpp's programs are not built: run npx tsx bench/peers/build.ts (about 15 minutes on two cores).",
		);
	if (!existsSync(values.galley)) {
		throw new Error(`There is no ${values.galley}: run npm run build.`);
	}
	const path = isShapeName(values.model)
		? ensureRandomModel(values.model)
		: values.model;
	if (!existsSync(path))
		throw new Error(
			`There is no model ${path}: name a GGUF file or one of ${Object.keys(shapes).join(", ")}.`,
		);
	const name = isShapeName(values.model)
		? `random weights in the ${values.model} shape, ${shapes[values.model].precision}`
		: basename(path);

	const environment = describeEnvironment();
	if (environment.loadBefore > 0.5)
		console.warn(
			`The machine is busy (load ${environment.loadBefore}): figures will not be worth much.`,
		);
	readFileSync(path); // into the page cache, so that nobody's start pays for the disk
	await using fleet = new ServerFleet();
	for (const suite of chosen) {
		const result = await suite.run({
			fleet,
			peer,
			galleyMain: values.galley,
			model: { path, name, bytes: statSync(path).size },
			threads,
			rounds,
			patience,
			isQuick: values.quick,
			cases,
			log: (line) => console.log(line),
		});
		const written = writeResult(
			values.out,
			{
				suite: resultName(suite.name, {
					cases,
					model: values.model === defaultModel ? null : values.model,
					isQuick: values.quick,
				}),
				title: suite.title,
				environment,
			},
			result,
		);
		console.log(`\n${readFileSync(written, "utf8")}\n${written}`);
		for (const failure of result.failures ?? []) {
			console.error(failure);
			process.exitCode = 1;
		}
	}
}

function wholeNumber(name: string, value: string, least = 1): number {
	const number = Number(value);
	if (!Number.isSafeInteger(number) || number < least)
		throw new Error(
			`--${name} must be a whole number of at least ${least}, not ${value}.`,
		);
	return number;
}

try {
	await main();
} catch (error) {
	console.error(error instanceof Error ? error.message : error);
	process.exitCode = 1;
}
