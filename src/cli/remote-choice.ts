import { describeOrigin } from "../config/origin.ts";
import { type ServiceConfig, withProfile } from "../config/service-config.ts";
import { GalleyError } from "../core/errors.ts";
import { formatBytes } from "../models/byte-format.ts";
import type { ModelVariant } from "../models/hub/model-variants.ts";
import type { ModelDescription } from "../models/model-description.ts";
import {
	formatModelReference,
	type RemoteReference,
} from "../models/model-reference.ts";
import { listedOptionValues } from "../models/profile-list.ts";
import {
	type DescribedVariant,
	describeVariants,
} from "../models/remote-variants.ts";
import { chooseProfileHere } from "./choose-profile.ts";
import type { PlanPreview, SourceFact } from "./model-plan.ts";
import type { ModelSources } from "./model-sources.ts";

type HubReference = Extract<RemoteReference, { kind: "hub" }>;

/** What a repository has for this machine, known from its list of files and the headers of its GGUF files. */
export interface RemoteOffer {
	commit: string;
	variants: readonly ModelVariant[];
	described: readonly DescribedVariant[];
}

/** Looks at a repository without downloading it; with a selector only at what it selects. */
export async function readRemoteOffer(
	reference: HubReference,
	{ hub }: ModelSources,
	signal?: AbortSignal,
): Promise<RemoteOffer> {
	const [{ HubClient }, { groupVariants, selectVariant }] = await Promise.all([
		import("../models/hub/hub-client.ts"),
		import("../models/hub/model-variants.ts"),
	]);
	await using client = new HubClient(hub);
	const { repository, revision, selector } = reference;
	const { commit, files } = await client.listFiles(
		repository,
		revision,
		signal,
	);
	const all = groupVariants(files);
	const variants =
		selector === null ? all : [selectVariant(all, selector, repository)];
	const described = await describeVariants(variants, (file, from, end) =>
		client.readRange(
			{ repository, commit, name: file.name },
			from,
			end,
			signal,
		),
	);
	return { commit, variants, described };
}

export interface RemoteChoice {
	commit: string;
	variant: ModelVariant;
	/** Null for what has to be converted first. */
	description: ModelDescription | null;
	preview: PlanPreview;
}

/** Which of a repository's variants suits this machine and the configuration; refuses what could not run here. */
export async function chooseRemote(
	reference: HubReference,
	sources: ModelSources,
	config: ServiceConfig,
	signal?: AbortSignal,
): Promise<RemoteChoice> {
	const offer = await readRemoteOffer(reference, sources, signal);
	const { commit, described, variants } = offer;
	if (described.length === 0)
		return chooseUnconverted(reference, commit, variants, config);
	const listed = await chooseProfileHere(
		described.map(({ variant, description }) => ({
			description,
			source: variant.mainFile,
		})),
		config,
	);
	const { profile, source } = listed;
	const chosen = described.find(({ variant }) => variant.mainFile === source);
	if (chosen === undefined)
		throw new Error(`The profile names "${source}", which was no candidate.`);
	const { variant, description } = chosen;
	return {
		commit,
		variant,
		description,
		preview: {
			config: withProfile(config, {
				name: profile.name,
				settings: listedOptionValues(listed),
			}),
			source: sourceFacts(
				reference,
				variant,
				commit,
				config,
				`profile ${profile.name}`,
			),
			explanation: `${profile.explanation} It has to be downloaded first: ${formatBytes(variant.sizeBytes)}.`,
		},
	};
}

function chooseUnconverted(
	reference: HubReference,
	commit: string,
	variants: readonly ModelVariant[],
	config: ServiceConfig,
): RemoteChoice {
	const variant = variants.find(({ format }) => format === "safetensors");
	if (variant === undefined) {
		throw new GalleyError(
			"model_unusable",
			`"${reference.repository}" holds neither GGUF files nor safetensors with a config.json; Galley can't run it.`,
		);
	}
	return {
		commit,
		variant,
		description: null,
		preview: {
			config,
			source: sourceFacts(reference, variant, commit, config, "repository"),
			explanation:
				`${reference.repository} holds safetensors: ${formatBytes(variant.sizeBytes)} are downloaded and converted to ` +
				`${config.convertTo} GGUF on this machine; the profile is chosen after that.`,
		},
	};
}

function sourceFacts(
	reference: HubReference,
	variant: ModelVariant,
	commit: string,
	config: ServiceConfig,
	chosenBy: string,
): SourceFact[] {
	const asked = describeOrigin(config.origins.model);
	return [
		{
			name: "reference",
			value: formatModelReference(reference),
			origin: asked,
		},
		{
			name: "file",
			value: variant.mainFile,
			origin: reference.selector === null ? chosenBy : asked,
		},
		{
			name: "revision",
			value: commit,
			origin: `${reference.revision ?? "main"} at ${config.hfEndpoint}`,
		},
	];
}
