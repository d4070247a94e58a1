/** Numbers as people read them. Unknown is a dash. */
const dash = "–";

export function formatCount(value: number | null | undefined): string {
	if (value === null || value === undefined) return dash;
	return Math.abs(value) >= 100_000
		? new Intl.NumberFormat("en", {
				notation: "compact",
				maximumFractionDigits: 1,
			}).format(value)
		: new Intl.NumberFormat("en", {
				maximumFractionDigits: value % 1 === 0 ? 0 : 1,
			}).format(value);
}

export function formatBytes(bytes: number | null | undefined): string {
	if (bytes === null || bytes === undefined) return dash;
	const units = ["B", "KiB", "MiB", "GiB", "TiB"];
	let value = bytes;
	let unit = 0;
	while (value >= 1024 && unit < units.length - 1) {
		value /= 1024;
		unit++;
	}
	const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
	return `${value.toFixed(digits)} ${units[unit]}`;
}

export function formatParameters(count: number | "unknown"): string {
	if (count === "unknown") return "unknown";
	if (count >= 1e9) return `${trimmed(count / 1e9)}B`;
	if (count >= 1e6) return `${trimmed(count / 1e6)}M`;
	return formatCount(count);
}

export function formatTokens(count: number | "unknown" | null): string {
	if (count === null) return dash;
	if (count === "unknown") return "unknown";
	return count >= 1024 && count % 1024 === 0
		? `${count / 1024}K`
		: count >= 10_000
			? `${trimmed(count / 1000)}K`
			: formatCount(count);
}

export function formatMs(ms: number | null | undefined): string {
	if (ms === null || ms === undefined) return dash;
	if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`;
	if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
	return `${ms >= 100 ? ms.toFixed(0) : ms.toFixed(1)} ms`;
}

export function formatSeconds(seconds: number | null | undefined): string {
	if (seconds === null || seconds === undefined) return dash;
	const whole = Math.round(seconds);
	if (whole < 60) return `${whole} s`;
	if (whole < 3600)
		return whole % 60 === 0
			? `${whole / 60} min`
			: `${Math.floor(whole / 60)} min ${whole % 60} s`;
	if (whole < 86_400)
		return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
	return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`;
}

export function formatShare(share: number | null | undefined): string {
	return share === null || share === undefined
		? dash
		: `${Math.round(share * 100)} %`;
}

export function formatUsd(amount: number | null | undefined): string {
	if (amount === null || amount === undefined) return dash;
	return new Intl.NumberFormat("en", {
		style: "currency",
		currency: "USD",
		maximumFractionDigits: amount !== 0 && Math.abs(amount) < 0.1 ? 4 : 2,
	}).format(amount);
}

export function formatTime(iso: string | null | undefined): string {
	if (!iso) return dash;
	const date = new Date(iso);
	if (Number.isNaN(date.getTime())) return iso;
	return new Intl.DateTimeFormat("en", {
		dateStyle: "medium",
		timeStyle: "short",
	}).format(date);
}

/** `vision-language` -> `Vision language` */
export function formatWord(word: string): string {
	const text = word.replaceAll("-", " ");
	return text.charAt(0).toUpperCase() + text.slice(1);
}

function trimmed(value: number): string {
	return String(Number(value.toFixed(value >= 100 ? 0 : 1)));
}
