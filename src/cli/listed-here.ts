import { access } from "node:fs/promises";
import { join } from "node:path";
import type { ServiceConfig } from "../config/service-config.ts";
import { serviceOptionNames } from "../config/service-options.ts";
import { type Hardware, readHardware } from "../models/hardware.ts";
import type { MeasuredProfile } from "../models/measured-profiles.ts";
import { describeModel } from "../models/model-description.ts";
import {
	type ListedProfile,
	listProfiles,
	type ProfileCandidate,
} from "../models/profile-list.ts";
import { adapterDemand } from "./adapter-demand.ts";
import {
	type EnginePackageState,
	measurementsDirectory,
	readEngineStates,
} from "./engine-states.ts";

export interface ListedHere {
	hardware: Hardware;
	engines: readonly EnginePackageState[];
	/** The best first. */
	listed: readonly ListedProfile[];
	/** Measurements that are there and can't be used. */
	ignored: readonly { path: string; reason: string }[];
}

/** Every way to run the candidates on this machine, with what was measured of them here. */
export async function listForHere(
	candidates: readonly ProfileCandidate[],
	config: ServiceConfig,
): Promise<ListedHere> {
	const hardware = readHardware();
	const engines = await readEngineStates(hardware);
	const found = await findMeasured(candidates, hardware, engines);
	return {
		hardware,
		engines,
		ignored: found.ignored,
		listed: listProfiles({
			candidates: [...candidates, ...found.variants],
			hardware,
			asked: { ...config, adapters: adapterDemand(config) },
			given: new Set(
				serviceOptionNames.filter(
					(name) => config.origins[name].kind !== "default",
				),
			),
			engines,
			measured: found.measured,
		}),
	};
}

interface Measurements {
	measured: MeasuredProfile[];
	/** Files that `galley optimize` made of the candidates. */
	variants: ProfileCandidate[];
	ignored: { path: string; reason: string }[];
}

async function findMeasured(
	candidates: readonly ProfileCandidate[],
	hardware: Hardware,
	engines: readonly EnginePackageState[],
): Promise<Measurements> {
	const found: Measurements = { measured: [], variants: [], ignored: [] };
	const directory = measurementsDirectory();
	// Most models were never measured: those need no digest.
	if (!(await exists(join(directory, "optimized")))) return found;
	const [
		{ readMeasuredProfiles },
		{ identifyMachine, identifyModel },
		{ expectedRelease },
	] = await Promise.all([
		import("../models/measured-profiles.ts"),
		import("../models/model-identity.ts"),
		import("../engine/llama/library.ts"),
	]);
	const used = engines.find(({ isInstalled }) => isInstalled);
	const machine = identifyMachine(hardware, used?.gpu?.kind ?? "cpu");
	for (const { source } of candidates) {
		// What is still on a hub was never measured here.
		if (!(await exists(source))) continue;
		const { profiles, ignored } = await readMeasuredProfiles(
			directory,
			await identifyModel(source),
			{ machine, release: expectedRelease },
		);
		found.measured.push(...profiles);
		found.ignored.push(...ignored);
	}
	const known = new Set(candidates.map(({ source }) => source));
	for (const { variantPath } of found.measured) {
		if (variantPath === null || known.has(variantPath)) continue;
		known.add(variantPath);
		found.variants.push({
			description: await describeModel(variantPath),
			source: variantPath,
			isOnlyMeasured: true,
		});
	}
	return found;
}

async function exists(path: string): Promise<boolean> {
	return access(path).then(
		() => true,
		() => false,
	);
}
