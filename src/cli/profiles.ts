import { basename } from "node:path";
import type { Command } from "commander";
import {
	resolveServiceConfig,
	type ServiceConfig,
} from "../config/service-config.ts";
import { GalleyError, toGalleyError } from "../core/errors.ts";
import { describeModel } from "../models/model-description.ts";
import {
	chooseProfile,
	type ListedProfile,
	type ProfileCandidate,
} from "../models/profile-list.ts";
import { commandSummaries } from "./command-table.ts";
import { listForHere } from "./listed-here.ts";
import { locateModel, type ModelLocation } from "./locate-model.ts";
import { formatProfiles, type ProfilesReport } from "./profiles-report.ts";
import { readRemoteOffer } from "./remote-choice.ts";
import { addServiceFlags } from "./service-flags.ts";
import { createPaint } from "./terminal.ts";

export function registerProfilesCommand(program: Command): void {
	const command = program
		.command("profiles")
		.description(commandSummaries.profiles)
		.argument(
			"<model>",
			"a reference, here or on the hub (then nothing is downloaded but headers)",
		)
		.option("--json", "for machines");
	addServiceFlags(command, "doctor").action(profiles);
}

async function profiles(
	reference: string,
	flags: { json?: boolean } & Record<string, unknown>,
): Promise<void> {
	const config = resolveServiceConfig({ flags, environment: process.env });
	const location = await locateModel(reference, config);
	if (location.kind === "encoder") {
		const { reportEncoderProfiles } = await import("./encoder-profiles.ts");
		process.stdout.write(
			await reportEncoderProfiles(location, config, flags.json === true),
		);
		return;
	}
	const report = await inspectProfiles(reference, location, config);
	const text =
		flags.json === true
			? JSON.stringify(report, null, 2)
			: formatProfiles(
					report,
					createPaint(process.stdout, process.env),
					process.stdout.columns ?? 100,
				);
	process.stdout.write(`${text}\n`);
}

type LanguageLocation = Exclude<ModelLocation, { kind: "encoder" }>;

async function inspectProfiles(
	reference: string,
	location: LanguageLocation,
	config: ServiceConfig,
): Promise<ProfilesReport> {
	const { candidates, isRemote } = await findCandidates(location);
	const { listed, hardware, engines, ignored } = await listForHere(
		candidates,
		config,
	);
	const { chosen, failure } = choose(listed, config.profile);
	return {
		reference,
		isRemote,
		hardware,
		engines,
		profiles: listed,
		chosen,
		failure,
		warnings: [
			...config.warnings,
			...ignored.map(
				({ path, reason }) =>
					`A measurement isn't used, ${basename(path)}: ${reason}.`,
			),
		],
	};
}

async function findCandidates(
	location: LanguageLocation,
): Promise<{ candidates: ProfileCandidate[]; isRemote: boolean }> {
	switch (location.kind) {
		case "fake":
			throw new GalleyError(
				"invalid_request",
				"The fake engine runs anywhere and in one way; it has no profiles.",
			);
		case "here": {
			const { path } = location;
			const description = await describeModel(path);
			return { candidates: [{ description, source: path }], isRemote: false };
		}
		case "unconverted":
			throw new GalleyError(
				"model_not_found",
				`"${location.directory}" holds safetensors; galley convert makes a GGUF file of them, which has profiles.`,
			);
		case "away": {
			if (location.reference.kind === "url")
				throw new GalleyError(
					"model_not_found",
					`What a file behind an address needs is known when it is here: galley pull ${location.reference.url}.`,
				);
			const { described } = await readRemoteOffer(
				location.reference,
				location.sources,
			);
			if (described.length === 0)
				throw new GalleyError(
					"model_not_found",
					`"${location.reference.repository}" holds no GGUF files; galley run converts its safetensors, and the profile is chosen after that.`,
				);
			const candidates = described.map(({ variant, description }) => ({
				description,
				source: variant.mainFile,
			}));
			return { candidates, isRemote: true };
		}
	}
}

/** With the same answer as `galley run` would give. */
function choose(
	listed: readonly ListedProfile[],
	wanted: string | null,
): { chosen: ListedProfile | null; failure: string | null } {
	try {
		return { chosen: chooseProfile(listed, wanted), failure: null };
	} catch (error) {
		return { chosen: null, failure: toGalleyError(error).message };
	}
}
