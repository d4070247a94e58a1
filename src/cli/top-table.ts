import {
	type Fragment,
	formatAge,
	formatCount,
	formatPercent,
	formatRate,
	onOneLine,
	plain,
	styled,
} from "./top-line.ts";
import type { TopSequence } from "./top-view.ts";

interface Column {
	title: string;
	isLeft?: boolean;
	/** On a narrow terminal the highest goes first. */
	dispensability: number;
	/** Left out while no sequence has anything to say there. */
	isWorthwhile?: (sequence: TopSequence) => boolean;
	cell: (sequence: TopSequence) => string;
}

const idWidth = 20;

const columnTable: readonly Column[] = [
	{
		title: "REQUEST",
		isLeft: true,
		dispensability: 0,
		cell: ({ id, choice }) =>
			choice === 0 ? shorten(id) : `${shorten(id)}:${choice}`,
	},
	{
		title: "STATE",
		isLeft: true,
		dispensability: 0,
		cell: ({ state }) => state,
	},
	{
		title: "WAITS FOR",
		isLeft: true,
		dispensability: 3,
		cell: ({ waitsFor }) => waitsFor ?? "",
	},
	{
		title: "ADAPTER",
		isLeft: true,
		dispensability: 4,
		isWorthwhile: ({ adapters }) => adapters.length > 0,
		cell: ({ adapters }) => shorten(adapters.join("+")),
	},
	{
		title: "PRIORITY",
		dispensability: 7,
		isWorthwhile: ({ priority }) => priority !== 0,
		cell: ({ priority }) => String(priority),
	},
	{
		title: "PROMPT",
		dispensability: 2,
		cell: ({ promptTokens }) => formatCount(promptTokens),
	},
	{
		title: "CACHED",
		dispensability: 5,
		cell: ({ cachedTokens, promptTokens }) =>
			formatPercent(promptTokens === 0 ? 0 : cachedTokens / promptTokens),
	},
	{
		title: "COMPUTED",
		dispensability: 6,
		cell: ({ computedTokens }) => formatCount(computedTokens),
	},
	{
		title: "GENERATED",
		dispensability: 1,
		cell: ({ generatedTokens }) => formatCount(generatedTokens),
	},
	{
		title: "TOK/S",
		dispensability: 1,
		cell: ({ tokensPerSecond }) => formatRate(tokensPerSecond),
	},
	{
		title: "PREEMPTED",
		dispensability: 4,
		isWorthwhile: ({ preemptions }) => preemptions > 0,
		cell: ({ preemptions }) => String(preemptions),
	},
	{
		title: "AGE",
		dispensability: 2,
		cell: ({ ageSeconds }) => formatAge(ageSeconds),
	},
];

const gapWidth = 2;
const stateStyles = {
	decode: "green",
	prefill: "cyan",
	waiting: "yellow",
} as const;

/** A title line and a line for each sequence, at most `rows`; the last one says how many more there are. */
export function sequenceTable(
	sequences: readonly TopSequence[] | null,
	columns: number,
	rows: number,
): Fragment[][] {
	if (sequences === null) return [];
	if (sequences.length === 0)
		return [[styled("dim", "Nothing runs or waits.")]];
	const room = Math.max(1, rows - 1);
	const isCut = sequences.length > room;
	const shown = isCut ? sequences.slice(0, room - 1) : sequences;
	const layout = chooseColumns(sequences, shown, columns);
	const title = layout.map(({ column, width }) =>
		styled("bold", align(column, column.title, width)),
	);
	const lines = shown.map((sequence) =>
		layout.map(({ column, width }) => {
			const text = align(column, column.cell(sequence), width);
			return column.title === "STATE"
				? styled(stateStyles[sequence.state], text)
				: plain(text);
		}),
	);
	const rest = `... and ${formatCount(sequences.length - shown.length)} more`;
	return [title, ...lines, ...(isCut ? [[styled("dim", rest)]] : [])];
}

interface PlacedColumn {
	column: Column;
	width: number;
}

/** Those worth showing, less the most dispensable ones until the rest fits. */
function chooseColumns(
	sequences: readonly TopSequence[],
	shown: readonly TopSequence[],
	columns: number,
): PlacedColumn[] {
	const placed = columnTable
		.filter(({ isWorthwhile }) => !isWorthwhile || sequences.some(isWorthwhile))
		.map((column) => {
			const cells = shown.map((sequence) => column.cell(sequence).length);
			return { column, width: Math.max(column.title.length, ...cells) };
		});
	const total = () =>
		placed.reduce((sum, { width }) => sum + width + gapWidth, -gapWidth);
	while (total() > columns && placed.length > 2) {
		const costs = placed.map(({ column }) => column.dispensability);
		placed.splice(costs.lastIndexOf(Math.max(...costs)), 1);
	}
	return placed;
}

function align(column: Column, text: string, width: number): string {
	const gap = " ".repeat(gapWidth);
	return column.isLeft === true
		? text.padEnd(width) + gap
		: text.padStart(width) + gap;
}

/** Ids differ at their ends, and begin with what kind they are. */
function shorten(id: string): string {
	const shown = onOneLine(id);
	if (shown.length <= idWidth) return shown;
	const end = 8;
	return `${shown.slice(0, idWidth - end - 2)}..${shown.slice(-end)}`;
}
