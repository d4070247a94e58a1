const most = 16;

/** `1, 2, 4` as numbers, or what is wrong with them. */
export function parseLevels(text: string, whole: boolean): number[] | string {
	const parts = text.split(/[\s,;]+/).filter((part) => part !== "");
	if (parts.length === 0) return "Give at least one number.";
	if (parts.length > most) return `At most ${most} numbers.`;
	const levels = parts.map(Number);
	if (levels.some((level) => !Number.isFinite(level) || level <= 0))
		return "Numbers above 0, with commas between them.";
	if (whole && levels.some((level) => !Number.isInteger(level) || level > 1024))
		return "Whole numbers from 1 to 1024.";
	return levels;
}
