import type { Paint } from "./terminal.ts";
import {
	type Fragment,
	fitLine,
	formatAge,
	formatCount,
	formatMilliseconds,
	formatPercent,
	formatRate,
	plain,
	styled,
	wrapItems,
} from "./top-line.ts";
import type { TopRates } from "./top-rates.ts";
import { sequenceTable } from "./top-table.ts";
import type { TopView } from "./top-view.ts";

export interface FrameOptions {
	columns: number;
	/** Infinity where nothing scrolls away. */
	rows: number;
	paint: Paint;
	/** Which keys do something; the last of the title's items. */
	hint: string | null;
}

/** The whole picture as lines, none wider than `columns` and not more than `rows`. */
export function renderFrame(view: TopView, options: FrameOptions): string[] {
	const { columns, rows, paint } = options;
	const head: Fragment[][] = [
		...wrapItems("galley top", titleItems(view, options.hint), columns),
		...wrapItems("KV cache", kvItems(view, columns), columns),
		...wrapItems("Requests", requestItems(view), columns),
		...wrapItems("Tokens", tokenItems(view.rates), columns),
		...wrapItems("Steps", stepItems(view), columns),
		...wrapItems("Memory", memoryItems(view.rates), columns),
		...view.notices.map((notice) => [styled("yellow", notice)]),
		[],
	];
	const table = sequenceTable(view.sequences, columns, rows - head.length);
	return [...head, ...table]
		.slice(0, Math.max(1, rows))
		.map((line) => fitLine(line, columns, paint).trimEnd());
}

function titleItems(view: TopView, hint: string | null): Fragment[][] {
	const isReady = view.state === "ready";
	const isComing = ["loading", "restarting", "draining"].includes(view.state);
	const style = isReady ? "green" : isComing ? "yellow" : "red";
	const detail = view.stateDetail ?? "";
	return [
		[styled("bold", view.model ?? "unknown model")],
		[
			styled(style, view.state),
			...(detail === "" ? [] : [plain(` (${detail})`)]),
		],
		...(view.uptimeSeconds === null
			? []
			: [[plain(`up ${formatAge(view.uptimeSeconds)}`)]]),
		[plain(view.url)],
		...(view.version === null
			? []
			: [[styled("dim", `Galley ${view.version}`)]]),
		...(hint === null ? [] : [[styled("dim", hint)]]),
	];
}

function kvItems({ kvCache }: TopView, columns: number): Fragment[][] {
	const { layout, cells, usage, retainedTokens, savedTokens } = kvCache;
	const width = columns >= 72 ? 30 : 12;
	const share = Math.min(1, Math.max(0, usage ?? 0));
	const filled = Math.round(share * width);
	const style = share < 0.7 ? "green" : share < 0.9 ? "yellow" : "red";
	return [
		[
			plain("["),
			styled(style, "|".repeat(filled)),
			plain(`${" ".repeat(width - filled)}] ${formatPercent(usage)}`),
		],
		[plain(`of ${formatCount(cells)} cells`)],
		[plain(layout ?? "-")],
		[plain(`retained ${formatCount(retainedTokens)}`)],
		[plain(`saved ${formatCount(savedTokens)}`)],
	];
}

function requestItems(view: TopView): Fragment[][] {
	const { rates } = view;
	const reasons = Object.entries(view.waitingFor)
		.filter(([, count]) => count > 0)
		.map(([reason, count]) => `${reason} ${count}`);
	const waitsFor = reasons.length === 0 ? "" : ` (${reasons.join(", ")})`;
	const rejected = Object.entries(rates?.rejected ?? {});
	const count = rejected.reduce((sum, [, one]) => sum + one, 0);
	const why = rejected.map(([reason, one]) =>
		rejected.length === 1 ? reason : `${reason} ${one}`,
	);
	return [
		[
			plain(
				`${formatCount(view.running)} running of ${formatCount(view.maxSequences)}`,
			),
		],
		[plain(`${formatCount(view.waiting)} waiting${waitsFor}`)],
		[plain(`${formatRate(rates?.requestsPerSecond)}/s finished`)],
		count === 0
			? [plain(`${rates === null ? "-" : 0} rejected`)]
			: [styled("red", `${formatCount(count)} rejected (${why.join(", ")})`)],
	];
}

function tokenItems(rates: TopRates | null): Fragment[][] {
	return [
		[plain(`${formatRate(rates?.prefillTokensPerSecond)}/s prefill`)],
		[plain(`${formatRate(rates?.generationTokensPerSecond)}/s generated`)],
		[plain(`prefix hits ${formatPercent(rates?.prefixHitRate)}`)],
		[plain(`drafted ${formatRate(rates?.draftedTokensPerSecond)}/s`)],
		[plain(`accepted ${formatPercent(rates?.acceptanceRate)}`)],
	];
}

function stepItems({ rates, targetItlMs }: TopView): Fragment[][] {
	const slow = (rates?.stepP95Ms ?? 0) > (targetItlMs ?? Infinity);
	const p95 = `p95 ${formatMilliseconds(rates?.stepP95Ms)}`;
	return [
		[plain(`${formatRate(rates?.stepsPerSecond)}/s`)],
		[plain(`p50 ${formatMilliseconds(rates?.stepP50Ms)}`)],
		[slow ? styled("yellow", p95) : plain(p95)],
		[
			plain(
				targetItlMs === null
					? "no target"
					: `target ${formatMilliseconds(targetItlMs)}`,
			),
		],
	];
}

/** Counts of the interval: under pressure they are not 0. */
function memoryItems(rates: TopRates | null): Fragment[][] {
	const preemptions = `${formatCount(rates?.preemptions)} preempted`;
	return [
		[
			(rates?.preemptions ?? 0) > 0
				? styled("yellow", preemptions)
				: plain(preemptions),
		],
		[plain(`${formatCount(rates?.evictedTokens)} tokens evicted`)],
		[plain(`${formatCount(rates?.savedTokens)} saved`)],
		[plain(`${formatCount(rates?.restoredTokens)} restored`)],
	];
}
