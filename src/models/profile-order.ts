import type { ListedProfile } from "./profile-list.ts";

const fits = ["compatible", "low-memory", "incompatible"] as const;
/** Contexts below this are for those who ask for them. */
const comfortableContextLength = 2048;
/** Below so many bits a weight a model loses more than a higher precision costs in speed. */
const leastBits = 4;

/**
 * The better profile first:
 *
 *  1. what runs as asked, before what would need less, before what can't
 *  2. the measured best (`galley optimize`)
 *  3. room for a context of 2,048 tokens (or all that the model was trained for)
 *  4. hardware: a GPU before the CPU; on a CPU quantised weights of 4 bits or more before full precision, because decoding
 *     reads all weights for every token, and that before weights of fewer bits
 *  5. the highest precision
 *
 * None of these gets worse with more memory, so neither does the choice.
 */
export function compareListed(
	left: ListedProfile,
	right: ListedProfile,
): number {
	const [leftRank, rightRank] = [rankOf(left), rankOf(right)];
	for (const [index, rank] of leftRank.entries()) {
		const difference = (rightRank[index] ?? 0) - rank;
		if (difference !== 0) return difference;
	}
	return left.source < right.source ? -1 : left.source > right.source ? 1 : 0;
}

/** Compared number by number; more is better. */
export function rankOf(listed: ListedProfile): readonly number[] {
	const { fit, measured, model, profile, device } = listed;
	const enough = Math.min(
		model.trainedContextLength ?? comfortableContextLength,
		comfortableContextLength,
	);
	const bits = bitsPerWeight(listed);
	return [
		-fits.indexOf(fit),
		measured === null ? 0 : measured.isWinner ? 2 : -1,
		(profile?.settings.contextLength ?? 0) >= enough ? 1 : 0,
		device === "cpu" ? cpuMatch(listed, bits) : 3,
		bits,
		measured?.figures.score ?? 0,
	];
}

function cpuMatch({ model }: ListedProfile, bits: number): number {
	if (/^(f16|bf16|f32)$/i.test(model.precision)) return 1;
	return bits >= leastBits ? 2 : 0;
}

function bitsPerWeight({ model }: ListedProfile): number {
	return (8 * model.weightBytes) / Math.max(1, model.parameters);
}
