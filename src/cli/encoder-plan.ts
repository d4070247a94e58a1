import { createHash } from "node:crypto";
import { describeOrigin } from "../config/origin.ts";
import type { ServiceConfig } from "../config/service-config.ts";
import type { EncoderFacts } from "../core/embedding-service.ts";
import { GalleyError } from "../core/errors.ts";
import {
	type EncoderDirectory,
	readEncoderDirectory,
} from "../modalities/encoder-directory.ts";
import type { TokenizerPort } from "../modalities/encoder-text.ts";
import { planLanes } from "../modalities/lane-plan.ts";
import { readHardware, usableThreads } from "../models/hardware.ts";
import { formatModelReference } from "../models/model-reference.ts";
import type { EncoderLoadOptions } from "../runtime/encoders/encoder-protocol.ts";
import type { ModelLocation } from "./locate-model.ts";
import type { PlanPreview } from "./model-plan.ts";

export type EncoderLocation = Extract<ModelLocation, { kind: "encoder" }>;

/** One way to run an encoder here. */
export interface EncoderProfile {
	id: string;
	/** E.g. `onnx-int8-cpu`. */
	name: string;
	variant: { path: string; precision: string; sizeBytes: number };
	memoryBytes: number;
	/** Batches that are computed at a time. */
	lanes: number;
	fit: "compatible" | "low-memory";
}

export type EncoderTraits = Pick<
	EncoderDirectory,
	"task" | "prompts" | "dimensions" | "trainedDimensions" | "isNormalized"
>;

/** What is known of an encoder before anything is loaded. */
export interface EncoderPlan extends PlanPreview {
	name: string;
	/** What its files say of it. */
	encoder: EncoderTraits;
	openTokenizer(): Promise<TokenizerPort>;
	profiles: readonly EncoderProfile[];
	profile: EncoderProfile;
	maxInputTokens: number;
	maxBatchTokens: number;
	/** Without the size of the vocabulary, which the tokenizer tells. */
	facts: Omit<EncoderFacts, "vocabularySize">;
	load: EncoderLoadOptions;
}

/**
 * starter-embed in int8 on two cores: 27 to 28 µs of processor time a token in batches of 128 to 512 tokens, 30 to 33 in
 * batches of 1,024 to 4,096, which fall out of the caches.
 */
export const batchTokens = 512;
/** Node, ONNX Runtime and what it computes in. */
export const processBytes = 160 * 1024 ** 2;

export async function planEncoder(
	{ reference, directory: path, cached }: EncoderLocation,
	config: ServiceConfig,
): Promise<EncoderPlan> {
	const repository = cached?.repository ?? null;
	const directory = await readEncoderDirectory(
		path,
		repository === null ? [] : [repository],
	);
	const hardware = readHardware();
	const threads = config.threads ?? usableThreads(hardware);
	const profiles = listEncoderProfiles(
		directory,
		hardware.memory.availableBytes,
		threads,
	);
	const profile = chooseEncoderProfile(profiles, config.profile);
	const maxInputTokens = longestInput(directory, config.maxModelLen);
	const maxBatchTokens = Math.max(
		config.maxNumBatchedTokens ?? batchTokens,
		maxInputTokens,
	);
	const { variant, lanes } = profile;
	const asked = describeOrigin(config.origins.model);
	return {
		config,
		name: config.servedModelName ?? reference.name,
		source: [
			{
				name: "reference",
				value: cached?.reference ?? formatModelReference(reference),
				origin: asked,
			},
			{ name: "file", value: variant.path, origin: asked },
		],
		encoder: directory,
		openTokenizer: async () => {
			const { openTokenizer } = await import("../modalities/onnx-tokenizer.ts");
			return openTokenizer(directory);
		},
		profiles,
		profile,
		maxInputTokens,
		maxBatchTokens,
		explanation:
			`${profile.name}: ONNX Runtime with ${threads} threads on the CPU; about ${Math.ceil(profile.memoryBytes / 1024 ** 2)} MiB. ` +
			`Inputs of at most ${maxInputTokens} tokens, batches of at most ${maxBatchTokens}${lanes > 1 ? `, ${lanes} of them beside each other` : ""}; pooling ${directory.pooling}.`,
		facts: {
			architecture: directory.architecture,
			name: directory.name,
			parameters: null,
			precision: variant.precision,
			maxInputTokens,
			license: directory.license,
			sizeBytes: variant.sizeBytes,
			sha256:
				cached?.files.find((file) => file.path === variant.path)?.sha256 ??
				null,
			profile: { id: profile.id, name: profile.name },
		},
		load: {
			engine: "onnx",
			options: {
				modelPath: variant.path,
				task: directory.task,
				pooling: directory.pooling,
				isNormalized: directory.isNormalized,
				padToken: directory.padToken,
				maxBatchTokens,
				maxInputTokens,
				threads,
				providers: ["cpu"],
			},
		},
	};
}

/** Best first: the highest precision that fits the memory, then those that don't. */
export function listEncoderProfiles(
	{ architecture, task, variants }: EncoderDirectory,
	availableBytes: number,
	threads: number,
): readonly EncoderProfile[] {
	const profiles = variants.map((variant): EncoderProfile => {
		const { precision, sizeBytes } = variant;
		const content = {
			engine: "onnx",
			model: { architecture, task, sizeBytes },
			precision,
			device: "cpu",
		};
		// The graph's file is let go once its weights are arranged for computing.
		const leastBytes = processBytes + 1.2 * sizeBytes;
		const { lanes, extraBytes } = planLanes({
			sizeBytes,
			threads,
			availableBytes: availableBytes - leastBytes,
		});
		const memoryBytes = leastBytes + extraBytes;
		return {
			id: createHash("sha256").update(JSON.stringify(content)).digest("hex"),
			name: `onnx-${precision}-cpu`,
			variant,
			memoryBytes,
			lanes,
			fit: memoryBytes <= availableBytes ? "compatible" : "low-memory",
		};
	});
	const fits = (profile: EncoderProfile) => profile.fit === "compatible";
	return [
		...profiles.filter(fits),
		...profiles.filter((profile) => !fits(profile)),
	];
}

export function chooseEncoderProfile(
	profiles: readonly EncoderProfile[],
	wanted: string | null,
): EncoderProfile {
	const chosen =
		wanted === null
			? profiles[0]
			: profiles.find(
					({ id, name }) =>
						name === wanted || (wanted.length >= 8 && id.startsWith(wanted)),
				);
	if (chosen === undefined)
		throw new GalleyError(
			"invalid_configuration",
			`There is no profile "${wanted}" of this model; it has ${profiles.map(({ name }) => name).join(", ")}.`,
			{ param: "profile" },
		);
	if (chosen.fit === "compatible") return chosen;
	throw new GalleyError(
		"insufficient_memory",
		`${chosen.name} needs about ${Math.ceil(chosen.memoryBytes / 1024 ** 2)} MiB, and less is free.`,
	);
}

export function longestInput(
	{ maxInputTokens }: Pick<EncoderDirectory, "maxInputTokens">,
	asked: number | null,
): number {
	if (asked === null || asked <= maxInputTokens) return asked ?? maxInputTokens;
	throw new GalleyError(
		"invalid_configuration",
		`--max-model-len ${asked} is more than the ${maxInputTokens} tokens that this model reads.`,
		{ param: "maxModelLen" },
	);
}
