import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { dataDirectory } from "../config/data-directory.ts";
import type { ServiceConfig } from "../config/service-config.ts";
import { readHardware } from "../models/hardware.ts";
import {
	type MeasuredProfile,
	readMeasuredProfiles,
} from "../models/measured-profiles.ts";
import { describeModel } from "../models/model-description.ts";
import { identifyMachine, identifyModel } from "../models/model-identity.ts";
import type { Accelerator, Profile } from "../models/profile.ts";
import {
	type EngineState,
	type ListedProfile,
	type ProfileCandidate,
	planProfile,
} from "../models/profile-list.ts";
import { adapterDemand } from "./adapter-demand.ts";
import { findAccelerator } from "./engine-devices.ts";

export type ChosenProfile = ListedProfile & { profile: Profile };

/**
 * The best profile of the candidates on this machine, or the one that was asked for. Refuses what could not run. Unlike
 * `galley profiles` it asks no engine package for its devices unless that is a GPU's: a service shall start soon.
 */
export async function chooseProfileHere(
	candidates: readonly ProfileCandidate[],
	config: ServiceConfig,
	measured: readonly MeasuredProfile[] = [],
): Promise<ChosenProfile> {
	const accelerator = await findAccelerator();
	return planProfile({
		candidates,
		hardware: readHardware(),
		asked: { ...config, adapters: adapterDemand(config) },
		given: new Set(
			Object.entries(config.origins)
				.filter(([, origin]) => origin.kind !== "default")
				.map(([name]) => name),
		),
		engines: enginesWith(accelerator),
		measured,
		wanted: config.profile,
	});
}

/** The same for a file of this machine, with what `galley optimize` measured and made of it. */
export async function chooseProfileOfFile(
	path: string,
	config: ServiceConfig,
): Promise<ChosenProfile> {
	const [description, measured] = await Promise.all([
		describeModel(path),
		readMeasured(path),
	]);
	const candidates: ProfileCandidate[] = [{ description, source: path }];
	for (const { variantPath } of measured) {
		if (
			variantPath === null ||
			candidates.some(({ source }) => source === variantPath)
		)
			continue;
		candidates.push({
			description: await describeModel(variantPath),
			source: variantPath,
			isOnlyMeasured: true,
		});
	}
	return chooseProfileHere(candidates, config, measured);
}

/** Most models were never measured, and those need no look at their content. */
async function readMeasured(path: string): Promise<readonly MeasuredProfile[]> {
	const data = dataDirectory(process.env);
	const optimized = await readdir(join(data, "optimized")).catch(() => []);
	if (optimized.length === 0) return [];
	const accelerator = await findAccelerator();
	const { expectedRelease } = await import("../engine/llama/library.ts");
	const found = await readMeasuredProfiles(data, await identifyModel(path), {
		machine: identifyMachine(readHardware(), accelerator?.kind ?? "cpu"),
		release: expectedRelease,
	});
	return found.profiles;
}

function enginesWith(accelerator: Accelerator | null): EngineState[] {
	const installed = {
		isInstalled: true,
		failure: null,
		suitsHardware: true,
		downloadBytes: null,
	};
	const cpu: EngineState = { ...installed, accelerator: "cpu", gpu: null };
	return accelerator === null
		? [cpu]
		: [cpu, { ...installed, accelerator: accelerator.kind, gpu: accelerator }];
}
