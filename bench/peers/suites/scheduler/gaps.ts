/**
 * Gaps between neighbouring times that overlap `from` to `to`, whole ones: a gap that began before counts with all its length, as it
 * does for whoever waits. Times are ascending.
 *
 *     times    |  |  |     |       |   |
 *     from..to         [........]
 *     counted        ^-----^-------^
 */
export function gapsWithin(
	times: readonly number[],
	from: number,
	to: number,
): number[] {
	const gaps: number[] = [];
	for (let index = 1; index < times.length; index++) {
		const start = times[index - 1] ?? 0;
		const end = times[index] ?? 0;
		if (end > from && start < to) gaps.push(end - start);
	}
	// Nobody may look good by not sending anything more: the open gap at the end counts for what it has lasted.
	const last = times.at(-1);
	if (last !== undefined && last < to) gaps.push(to - last);
	return gaps;
}
