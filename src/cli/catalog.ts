import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { resolveServiceConfig } from "../config/service-config.ts";
import { GalleyError } from "../core/errors.ts";
import type { Catalog } from "../models/catalog/catalog.ts";
import {
	type CatalogQuery,
	catalogSorts,
	type FacetName,
	parseCatalogQuery,
	sizeNames,
} from "../models/catalog/catalog-query.ts";
import { formatProblem } from "../models/catalog/parse-entries.ts";
import { readHardware } from "../models/hardware.ts";
import { formatCard, formatFound } from "./catalog-report.ts";
import { commandSummaries } from "./command-table.ts";
import { CommandFailure, exitCodes } from "./exit-codes.ts";
import { configuredCatalog } from "./model-sources.ts";
import { addServiceFlags } from "./service-flags.ts";
import { createPaint, withoutControls } from "./terminal.ts";

type Flags = Record<string, unknown>;

const filters: readonly (readonly [FacetName, string, string])[] = [
	["task", "--task <task>", "chat, code, embedding, speech-recognition ..."],
	[
		"domain",
		"--domain <domain>",
		"language, code, multimodal, retrieval, speech, vision",
	],
	["useCase", "--use-case <name>", "what the model is to do"],
	["industry", "--industry <name>", "who uses it"],
	["publisher", "--publisher <name>", "who made it"],
	["licence", "--licence <id>", "Apache-2.0, MIT ..."],
	[
		"commercialUse",
		"--commercial-use <answer>",
		"allowed, conditional, forbidden, unknown",
	],
	["size", "--size <class>", sizeNames.join(", ")],
	[
		"engine",
		"--engine <name>",
		"what serves it here: llama, onnx; none is what isn't served yet",
	],
];

export function registerCatalogCommand(program: Command): void {
	const catalog = program
		.command("catalog")
		.description(commandSummaries.catalog);
	const search = catalog
		.command("search", { isDefault: true })
		.description("find models by words and filters")
		.argument("[words...]", "words of names, tasks, use cases, languages");
	for (const [, flag, description] of filters)
		search.addOption(
			new Option(flag, `${description} (repeatable)`).argParser(
				(value: string, before: readonly string[] | undefined) => [
					...(before ?? []),
					value,
				],
			),
		);
	search
		.option("--fits", "only what would fit in this machine's memory")
		.option("--sort <order>", catalogSorts.join(", "))
		.option("--limit <count>", "show so many (default: 20; with --json: all)")
		.option("--json", "for machines");
	addServiceFlags(search, "models").action(searchCatalog);
	const show = catalog
		.command("show")
		.description("show a model card")
		.argument("<id>", "as search shows it")
		.option("--json", "for machines");
	addServiceFlags(show, "models").action(showEntry);
	catalog
		.command("check")
		.description("check entries of your own; tells file and line")
		.argument("<source>", "a folder of YAML files, or an https address")
		.action(checkSource);
}

async function open(flags: Flags): Promise<Catalog> {
	const config = resolveServiceConfig({ flags, environment: process.env });
	const { openCatalog } = await import("../models/catalog/read-catalog.ts");
	const catalog = await openCatalog(
		configuredCatalog(config),
		{ availableBytes: () => readHardware().memory.availableBytes },
		{ isOffline: config.offline },
	);
	const paint = createPaint(process.stderr, process.env);
	for (const problem of catalog.problems)
		process.stderr.write(
			`${paint("yellow", "galley:")} ${withoutControls(formatProblem(problem))}\n`,
		);
	return catalog;
}

async function searchCatalog(words: string[], flags: Flags): Promise<void> {
	const query = toQuery(words, flags);
	const catalog = await open(flags);
	const result = catalog.search(query);
	process.stdout.write(
		flags.json === true
			? `${JSON.stringify(result)}\n`
			: `${formatFound(result, words.join(" "), createPaint(process.stdout, process.env))}\n`,
	);
}

/** The same words as the API's parameters, so the same reader and the same complaints. */
function toQuery(words: readonly string[], flags: Flags): CatalogQuery {
	const parameters = new URLSearchParams();
	if (words.length > 0) parameters.set("query", words.join(" "));
	for (const [name] of filters) {
		const values = flags[name];
		if (Array.isArray(values))
			for (const value of values) parameters.append(name, String(value));
	}
	if (flags.fits === true) parameters.set("fits", "true");
	if (typeof flags.sort === "string") parameters.set("sort", flags.sort);
	const limit = flags.limit ?? (flags.json === true ? null : "20");
	if (typeof limit === "string") parameters.set("limit", limit);
	return parseCatalogQuery(parameters);
}

async function showEntry(id: string, flags: Flags): Promise<void> {
	const catalog = await open(flags);
	const entry = catalog.get(id);
	if (entry === null) {
		const meant = catalog.nearest(id);
		throw new GalleyError(
			"model_not_found",
			`The catalog has no "${id.slice(0, 100)}".${meant === null ? "" : ` Did you mean "${meant}"?`} galley catalog search lists what it has.`,
		);
	}
	process.stdout.write(
		flags.json === true
			? `${JSON.stringify(entry)}\n`
			: `${formatCard(
					entry,
					createPaint(process.stdout, process.env),
					Math.min(process.stdout.columns ?? 100, 120),
				)}\n`,
	);
}

async function checkSource(text: string): Promise<void> {
	const [{ readCatalog }, { catalogSources }, { catalogCopiesDirectory }] =
		await Promise.all([
			import("../models/catalog/read-catalog.ts"),
			import("../models/catalog/catalog-sources.ts"),
			import("../config/data-directory.ts"),
		]);
	const [source] = catalogSources([text], catalogCopiesDirectory(process.env));
	if (source === undefined) return;
	if (source.kind === "folder" && !(await isFolder(source.path)))
		throw new GalleyError(
			"invalid_request",
			`"${resolve(text)}" is no folder. Give the folder that holds the YAML files.`,
		);
	const { items, problems } = await readCatalog([source]);
	for (const problem of problems)
		process.stdout.write(`${withoutControls(formatProblem(problem))}\n`);
	const found = `${items.length} ${items.length === 1 ? "entry is" : "entries are"} right`;
	if (problems.length > 0)
		throw new CommandFailure(
			`${found}; ${problems.length} ${problems.length === 1 ? "problem" : "problems"}.`,
			exitCodes.failure,
		);
	process.stdout.write(`${found}.\n`);
}

async function isFolder(path: string): Promise<boolean> {
	return stat(path).then(
		(status) => status.isDirectory(),
		() => false,
	);
}
