import { open, readdir } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { readIfThere, writeFileAtomically } from "../cache/atomic-file.ts";
import { HttpClient, readText } from "../hub/http-client.ts";
import { Catalog, type CatalogItem, type CatalogMachine } from "./catalog.ts";
import type { CatalogSource } from "./catalog-sources.ts";
import { type CatalogProblem, parseEntries } from "./parse-entries.ts";

export interface CatalogReading {
	items: CatalogItem[];
	problems: CatalogProblem[];
}

export interface ReadCatalogOptions {
	/** Addresses aren't asked; their last answers are used. */
	isOffline?: boolean;
	/** The whole time that an address may take. */
	timeoutMs?: number;
}

const largestFile = 256 * 1024;
const largestAnswer = 4 * 1024 ** 2;
const mostFiles = 5000;

/** Reads all sources; what is wrong with one leaves the others as they are. */
export async function openCatalog(
	sources: readonly CatalogSource[],
	machine: CatalogMachine,
	options: ReadCatalogOptions = {},
): Promise<Catalog> {
	const { items, problems } = await readCatalog(sources, options);
	return new Catalog(items, machine, problems);
}

export async function readCatalog(
	sources: readonly CatalogSource[],
	options: ReadCatalogOptions = {},
): Promise<CatalogReading> {
	const readings = await Promise.all(
		sources.map((source) => readSource(source, options)),
	);
	const items = new Map<string, CatalogItem>();
	for (const item of readings.flatMap((reading) => reading.items))
		if (!items.has(item.id)) items.set(item.id, item);
	return {
		items: [...items.values()],
		problems: readings.flatMap(({ problems }) => problems),
	};
}

async function readSource(
	source: CatalogSource,
	options: ReadCatalogOptions,
): Promise<CatalogReading> {
	switch (source.kind) {
		case "wrong":
			return failed(source.name, source.message);
		case "folder":
			return readFolder(source);
		case "address":
			return readAddress(source, options);
	}
}

async function readFolder({
	path,
	name,
	isBuiltIn,
}: Extract<CatalogSource, { kind: "folder" }>): Promise<CatalogReading> {
	let names: string[];
	try {
		names = await readdir(path);
	} catch (error) {
		return failed(name, `The folder can't be read: ${reasonOf(error)}`);
	}
	const files = names.filter((file) => /\.ya?ml$/.test(file)).sort();
	const reading: CatalogReading = { items: [], problems: [] };
	if (files.length > mostFiles)
		reading.problems.push({
			source: name,
			line: null,
			message: `The folder holds ${files.length} entries; only ${mostFiles} are read.`,
		});
	for (const file of files.slice(0, mostFiles)) {
		const full = join(path, file);
		const shown = isBuiltIn ? `catalog/${file}` : relative(".", full) || full;
		const text = await readSmallFile(full);
		if (typeof text !== "string") {
			reading.problems.push({ source: shown, line: null, ...text });
			continue;
		}
		const { entries, problems } = parseEntries(shown, text);
		reading.problems.push(...problems);
		for (const entry of entries) {
			if (entry.id === basename(file).replace(/\.ya?ml$/, "")) {
				reading.items.push({ ...entry, origin: name });
				continue;
			}
			// Names are looked up by file, without reading the others.
			reading.problems.push({
				source: shown,
				line: null,
				message: `The entry's id is "${entry.id}", so the file must be called ${entry.id}.yaml.`,
			});
		}
	}
	return reading;
}

async function readSmallFile(
	path: string,
): Promise<string | { message: string }> {
	try {
		await using file = await open(path);
		const status = await file.stat();
		if (!status.isFile()) return { message: "This is no file." };
		if (status.size > largestFile)
			return { message: `The file has more than ${largestFile} bytes.` };
		return await file.readFile("utf8");
	} catch (error) {
		return { message: `The file can't be read: ${reasonOf(error)}` };
	}
}

async function readAddress(
	source: Extract<CatalogSource, { kind: "address" }>,
	{ isOffline = false, timeoutMs = 10_000 }: ReadCatalogOptions,
): Promise<CatalogReading> {
	const { name, url, copy } = source;
	const answer = isOffline ? null : await ask(url, timeoutMs);
	if (answer !== null && "text" in answer) {
		const reading = toReading(name, answer.text);
		try {
			await writeFileAtomically(copy, answer.text);
		} catch (error) {
			reading.problems.push({
				source: name,
				line: null,
				message: `No copy could be kept for times without a network: ${reasonOf(error)}`,
			});
		}
		return reading;
	}
	const kept = await readIfThere(copy);
	const problem = answer === null ? null : answer.problem;
	if (kept === null)
		return failed(
			name,
			problem ??
				"The network is off, and no copy of this catalog is on this machine.",
		);
	const reading = toReading(name, kept);
	if (problem !== null)
		reading.problems.push({
			source: name,
			line: null,
			message: `${problem} The last answer that was kept is used.`,
		});
	return reading;
}

async function ask(
	url: string,
	timeoutMs: number,
): Promise<{ text: string } | { problem: string }> {
	await using client = new HttpClient({
		patience: { connectTimeoutMs: timeoutMs, answerTimeoutMs: timeoutMs },
	});
	try {
		const answer = await client.get(url, {
			signal: AbortSignal.timeout(timeoutMs),
		});
		const text = await readText(answer, largestAnswer + 1);
		if (answer.status !== 200)
			return { problem: `The address answers with status ${answer.status}.` };
		if (Buffer.byteLength(text) > largestAnswer)
			return {
				problem: `The address answers more than ${largestAnswer} bytes; a catalog has less.`,
			};
		return { text };
	} catch (error) {
		return { problem: `The address can't be read: ${reasonOf(error)}` };
	}
}

function toReading(name: string, text: string): CatalogReading {
	const { entries, problems } = parseEntries(name, text);
	return {
		items: entries.map((entry) => ({ ...entry, origin: name })),
		problems,
	};
}

function failed(source: string, message: string): CatalogReading {
	return { items: [], problems: [{ source, line: null, message }] };
}

function reasonOf(error: unknown): string {
	const text = error instanceof Error ? error.message : String(error);
	return text.endsWith(".") ? text : `${text}.`;
}
