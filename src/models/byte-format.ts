/** `1.5 GiB`: three significant digits at most, binary units. */
export function formatBytes(bytes: number): string {
	const units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"];
	let value = bytes;
	let unit = 0;
	while (value >= 1023.5 && unit < units.length - 1) {
		value /= 1024;
		unit++;
	}
	const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
	return `${value.toFixed(digits)} ${units[unit]}`;
}

/** `6.7M`, `1.2B`: how models' sizes are told. */
export function formatParameters(count: number): string {
	const [factor, letter] =
		count >= 999.5e6 ? [1e9, "B"] : count >= 999.5e3 ? [1e6, "M"] : [1e3, "K"];
	const value = count / (factor as number);
	return `${value.toFixed(value >= 99.5 ? 0 : 1)}${letter}`;
}
