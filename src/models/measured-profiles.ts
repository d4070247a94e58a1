import {
	mkdir,
	readdir,
	readFile,
	rename,
	stat,
	writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import {
	identifyModel,
	type MachineIdentity,
	type ModelIdentity,
	machineDifference,
	machineKey,
	modelKey,
} from "./model-identity.ts";
import type { ProfileSettings } from "./profile.ts";

/** What `galley optimize` measured on a machine, kept for `galley run`:
 *
 *     <data directory>/optimized/<model>/<machine>/profiles.json
 *     <data directory>/optimized/<model>/variants/<name>-<precision>.gguf
 */

/** What measuring decides; context and sequences remain the profile's. */
export type MeasuredSettings = Pick<
	ProfileSettings,
	| "threads"
	| "threadsBatch"
	| "microBatchTokens"
	| "flashAttention"
	| "kvTypeK"
	| "kvTypeV"
	| "kvLayout"
> & { speculation: "auto" | "off" };

export interface MeasuredFigures {
	/** One entry a measured number of requests in flight. */
	loads: readonly {
		concurrency: number;
		outputThroughput: number;
		ttftP50Ms: number;
		ttftP95Ms: number;
		itlP50Ms: number;
		itlP95Ms: number;
		decodeTokensPerSecond: number;
		prefillTokensPerSecond: number;
	}[];
	peakMemoryBytes: number;
	/** Against the highest precision; null when it wasn't measured. */
	accuracy: {
		perplexity: number;
		referencePerplexity: number;
		meanKl: number;
		topAgreement: number;
	} | null;
	/** Geometric mean of the output throughputs, and half the distance of its runs as a share of it. */
	score: number;
	spread: number;
	runs: number;
}

export interface MeasuredProfile {
	/** E.g. `Q4_K_M`. */
	precision: string;
	/** The file to open: the model's own, or one that was made of it. Null when it was made, measured and removed again. */
	variantPath: string | null;
	variantBytes: number;
	settings: MeasuredSettings;
	figures: MeasuredFigures;
	isWinner: boolean;
	/** One sentence: why it won, or why not. */
	why: string;
}

export interface MeasuredProfiles {
	version: 1;
	model: ModelIdentity & { name: string; path: string };
	machine: MachineIdentity;
	/** Of the engine's library. */
	release: string;
	/** ISO 8601. */
	measuredAt: string;
	profiles: readonly MeasuredProfile[];
}

/** The machine as it is now. */
export interface MeasuringSurroundings {
	machine: MachineIdentity;
	release: string;
}

export interface FoundProfiles {
	/** The best first. */
	profiles: readonly MeasuredProfile[];
	measuredAt: string | null;
	/** What is there and can't be used, with the reason. */
	ignored: readonly { path: string; reason: string }[];
}

export function optimizedDirectory(
	dataDirectory: string,
	model: ModelIdentity,
): string {
	return join(dataDirectory, "optimized", modelKey(model));
}

export function profilesPath(
	dataDirectory: string,
	model: ModelIdentity,
	machine: MachineIdentity,
): string {
	return join(
		optimizedDirectory(dataDirectory, model),
		machineKey(machine),
		"profiles.json",
	);
}

/** Appears whole or not at all; replaces what was measured on the same machine before. */
export async function writeMeasuredProfiles(
	dataDirectory: string,
	measured: MeasuredProfiles,
): Promise<string> {
	const path = profilesPath(dataDirectory, measured.model, measured.machine);
	await mkdir(join(path, ".."), { recursive: true });
	const partial = `${path}.${process.pid}.partial`;
	await writeFile(partial, `${JSON.stringify(measured, null, "\t")}\n`);
	await rename(partial, path);
	return path;
}

/** What was measured of this model here. Nothing of it is an error: what doesn't suit is ignored, with the reason. */
export async function readMeasuredProfiles(
	dataDirectory: string,
	model: ModelIdentity,
	{ machine, release }: MeasuringSurroundings,
): Promise<FoundProfiles> {
	const directory = optimizedDirectory(dataDirectory, model);
	const ignored: { path: string; reason: string }[] = [];
	let best: MeasuredProfiles | null = null;
	for (const folder of await foldersOf(directory)) {
		const path = join(directory, folder, "profiles.json");
		const read = await readProfiles(path);
		if (read === null) continue;
		const reason =
			typeof read === "string"
				? read
				: staleness(read, { model, machine, release });
		if (reason !== null) ignored.push({ path, reason });
		else if (typeof read !== "string") best = read;
	}
	const profiles: MeasuredProfile[] = [];
	for (const profile of best?.profiles ?? []) {
		const reason = await missingVariant(profile);
		if (reason === null) profiles.push(profile);
		else if (profile.isWinner)
			ignored.push({ path: profile.variantPath ?? "", reason });
	}
	profiles.sort(
		(left, right) =>
			Number(right.isWinner) - Number(left.isWinner) ||
			right.figures.score - left.figures.score,
	);
	return { profiles, measuredAt: best?.measuredAt ?? null, ignored };
}

export interface MeasuredBest {
	variantPath: string;
	precision: string;
	settings: MeasuredSettings;
	/** For people and the log. */
	why: string;
}

/** The best way to run a model here, as it was measured; null when it never was, or the measurement is stale. */
export async function measuredBest(options: {
	dataDirectory: string;
	modelPath: string;
	machine: MachineIdentity;
	release: string;
	/** Hears of measurements that are there and can't be used. */
	onIgnored?: (path: string, reason: string) => void;
}): Promise<MeasuredBest | null> {
	const { dataDirectory, modelPath } = options;
	// Most models were never measured: those need no digest.
	const folders = await foldersOf(join(dataDirectory, "optimized"));
	if (folders.length === 0) return null;
	const model = await identifyModel(modelPath);
	const found = await readMeasuredProfiles(dataDirectory, model, options);
	for (const { path, reason } of found.ignored)
		options.onIgnored?.(path, reason);
	const winner = found.profiles.find(({ isWinner }) => isWinner);
	if (winner === undefined || winner.variantPath === null) return null;
	const day = found.measuredAt?.slice(0, 10) ?? "";
	return {
		variantPath: winner.variantPath,
		precision: winner.precision,
		settings: winner.settings,
		why: `measured on this machine with galley optimize on ${day}: ${winner.why}`,
	};
}

function staleness(
	measured: MeasuredProfiles,
	here: MeasuringSurroundings & { model: ModelIdentity },
): string | null {
	if (measured.model.digest !== here.model.digest)
		return "it is of another model";
	if (measured.release !== here.release)
		return `it was measured with release ${measured.release} of the engine, and this is ${here.release}; run galley optimize again`;
	const difference = machineDifference(measured.machine, here.machine);
	return difference === null
		? null
		: `it was measured on another machine: ${difference}`;
}

/** Text is the reason why it can't be read; null is that there is none. */
async function readProfiles(
	path: string,
): Promise<MeasuredProfiles | string | null> {
	let text: string;
	try {
		text = await readFile(path, "utf8");
	} catch (error) {
		const { code, message } = error as NodeJS.ErrnoException;
		return code === "ENOENT" ? null : message;
	}
	try {
		const read = JSON.parse(text) as Partial<MeasuredProfiles>;
		if (read.version !== 1)
			return "it is of another version of Galley; run galley optimize again";
		const isWhole =
			typeof read.model?.digest === "string" &&
			typeof read.release === "string" &&
			typeof read.machine === "object" &&
			Array.isArray(read.profiles) &&
			read.profiles.every(
				(profile) =>
					typeof profile?.settings === "object" &&
					typeof profile.figures?.score === "number",
			);
		return isWhole
			? (read as MeasuredProfiles)
			: "it is damaged; run galley optimize again";
	} catch {
		return "it is damaged; run galley optimize again";
	}
}

async function missingVariant({
	variantPath,
	variantBytes,
}: MeasuredProfile): Promise<string | null> {
	if (variantPath === null) return "its file was not kept";
	const status = await stat(variantPath).catch(() => null);
	if (status === null) return "its file is gone; run galley optimize again";
	return status.size === variantBytes
		? null
		: "its file has changed; run galley optimize again";
}

async function foldersOf(directory: string): Promise<string[]> {
	try {
		const entries = await readdir(directory, { withFileTypes: true });
		return entries
			.filter((entry) => entry.isDirectory())
			.map((entry) => entry.name)
			.sort();
	} catch {
		// Nothing was ever measured.
		return [];
	}
}
