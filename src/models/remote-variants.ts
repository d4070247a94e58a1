import { GalleyError } from "../core/errors.ts";
import {
	type HubModelFile,
	labelOf,
	type ModelVariant,
} from "./hub/model-variants.ts";
import type { ModelDescription } from "./model-description.ts";
import { describeRemoteModel, type RemoteFile } from "./remote-metadata.ts";

export interface DescribedVariant {
	variant: ModelVariant;
	description: ModelDescription;
}

export type RangeRead = (
	file: HubModelFile,
	from: number,
	end: number,
) => Promise<Uint8Array>;

/** Headers read at the same time. */
const maxReaders = 4;

/**
 * Describes the GGUF variants of a repository without downloading them. A repository mostly holds one model in twenty
 * precisions, and a header with its vocabulary takes megabytes: so one header is read for each model, and those that differ from
 * it by their precision alone are told by their size, which is exact but for the few bytes in which their headers differ.
 * Variants whose header can't be read are left out, unless none can.
 */
export async function describeVariants(
	variants: readonly ModelVariant[],
	readRange: RangeRead,
): Promise<DescribedVariant[]> {
	const groups = new Map<string, ModelVariant[]>();
	for (const variant of variants) {
		if (variant.format !== "gguf") continue;
		const key = modelOf(variant);
		groups.set(key, [...(groups.get(key) ?? []), variant]);
	}
	const waiting = [...groups.values()];
	const described: DescribedVariant[] = [];
	const failures: unknown[] = [];
	const work = async () => {
		for (let group = waiting.shift(); group; group = waiting.shift()) {
			try {
				described.push(...(await describeGroup(group, readRange)));
			} catch (error) {
				failures.push(error);
			}
		}
	};
	await Promise.all(Array.from({ length: maxReaders }, work));
	if (described.length === 0 && failures.length > 0) throw failures[0];
	return described;
}

async function describeGroup(
	group: readonly ModelVariant[],
	readRange: RangeRead,
): Promise<DescribedVariant[]> {
	// Fewest parts first, since each part has a header.
	const [sample, ...others] = [...group].sort(
		(left, right) =>
			left.files.length - right.files.length ||
			left.sizeBytes - right.sizeBytes,
	);
	if (sample === undefined) return [];
	const known = await describeVariant(sample, readRange);
	const headerBytes = known.sizeBytes - known.weightBytes;
	return [
		{ variant: sample, description: known },
		...others.map((variant) => ({
			variant,
			description: {
				...known,
				path: variant.mainFile,
				precision: labelOf(variant.mainFile),
				sizeBytes: variant.sizeBytes,
				weightBytes: Math.max(1, variant.sizeBytes - headerBytes),
			},
		})),
	];
}

/** Reads the header of one variant, of all its parts. */
export function describeVariant(
	variant: ModelVariant,
	readRange: RangeRead,
): Promise<ModelDescription> {
	return describeRemoteModel(variant.mainFile, async (name) => {
		const file = variant.files.find((candidate) => candidate.name === name);
		if (file === undefined)
			throw new GalleyError(
				"model_unusable",
				`The repository lacks "${name}", a part of the model.`,
			);
		return toRemoteFile(file, readRange);
	});
}

function toRemoteFile(file: HubModelFile, readRange: RangeRead): RemoteFile {
	return {
		name: file.name,
		sizeBytes: file.sizeBytes,
		readRange: (from, end) => readRange(file, from, end),
	};
}

/** The file's name without what tells its precision and its part. */
function modelOf({ mainFile }: ModelVariant): string {
	const bare = mainFile
		.toLowerCase()
		.replace(/-\d{5}-of-\d{5}\.gguf$/, ".gguf");
	// Some repositories keep each precision in a folder of its name.
	return bare.replaceAll(labelOf(mainFile).toLowerCase(), "");
}
