import { GalleyError } from "../core/errors.ts";
import { type Profile, type ProfileSources, selectProfile } from "./profile.ts";

/** What would have to change for a profile to fit. */
export interface NearestFit {
	profile: Profile;
	/** Flags, the one that gives up least first; each alone is enough. */
	options: readonly string[];
	/** With the sequences as asked; null where no context fits. */
	contextLength: number | null;
}

const contextStep = 256;

/**
 * What is nearest to settings that don't fit in memory:
 *
 *  1. the longest context, with the sequences that were asked (a multiple of 256)
 *  2. the most sequences, with the context that was asked
 *  3. a KV cache of smaller numbers (q8_0 needs flash attention)
 *  4. one sequence with the longest context that fits
 *
 * Null when nothing of this fits: the weights are too big.
 */
export function findNearestFit(sources: ProfileSources): NearestFit | null {
	const { asked, model } = sources;
	const options: string[] = [];
	const profiles: Profile[] = [];
	const note = (flags: string, profile: Profile | null) => {
		if (profile === null) return;
		options.push(flags);
		profiles.push(profile);
	};
	const pooled = asked.kvCacheTokens !== null;
	const mostTokens = asked.maxModelLen ?? model.trainedContextLength ?? 4096;
	const context = pooled ? null : longestContext(sources, mostTokens);
	if (context !== null)
		note(`--max-model-len ${context.settings.contextLength}`, context);

	const sequences = asked.maxNumSeqs ?? 1;
	if (!pooled && sequences > 1) {
		const fewer = largest(sequences - 1, (count) =>
			attempt(sources, { maxNumSeqs: count }),
		);
		note(`--max-num-seqs ${fewer?.settings.maxSequences}`, fewer);
	}
	const canPack = model.keyLength % 32 === 0 && model.valueLength % 32 === 0;
	const isSmaller = asked.kvCacheTypeK[0] === "f";
	if (canPack && isSmaller && asked.flashAttention !== "off") {
		const smaller = attempt(sources, {
			kvCacheTypeK: "q8_0",
			kvCacheTypeV: "q8_0",
		});
		note("--kv-cache-type-k q8_0 --kv-cache-type-v q8_0", smaller);
	}
	if (profiles.length === 0) {
		const least = longestContext(
			{ ...sources, asked: { ...asked, maxNumSeqs: 1, kvCacheTokens: null } },
			mostTokens,
		);
		note(
			`${pooled ? "no --kv-cache-tokens, " : ""}--max-num-seqs 1 --max-model-len ${least?.settings.contextLength}`,
			least,
		);
	}
	const [profile] = profiles;
	return profile === undefined
		? null
		: {
				profile,
				options,
				contextLength: context?.settings.contextLength ?? null,
			};
}

function longestContext(
	sources: ProfileSources,
	mostTokens: number,
): Profile | null {
	return largest(Math.floor((mostTokens - 1) / contextStep), (steps) =>
		attempt(sources, {
			maxModelLen: steps * contextStep,
			maxNumSeqs: sources.asked.maxNumSeqs ?? 1,
		}),
	);
}

/** Of the largest number from 1 to `most` for which there is one: where there is one, there is one for every smaller number. */
function largest(
	most: number,
	of: (number: number) => Profile | null,
): Profile | null {
	let best: Profile | null = null;
	let low = 1;
	let high = most;
	while (low <= high) {
		const middle = Math.floor((low + high) / 2);
		const profile = of(middle);
		if (profile === null) high = middle - 1;
		else {
			best = profile;
			low = middle + 1;
		}
	}
	return best;
}

function attempt(
	sources: ProfileSources,
	changes: Partial<ProfileSources["asked"]>,
): Profile | null {
	try {
		return selectProfile({
			...sources,
			asked: { ...sources.asked, ...changes },
		});
	} catch (error) {
		if (error instanceof GalleyError && error.code === "insufficient_memory")
			return null;
		throw error;
	}
}
