/** A small chart of bubbles as SVG: two linear axes, area as third dimension, labels that keep out of each other's way. */

export interface Bubble {
	x: number;
	y: number;
	/** Its area is proportional to this. */
	size: number;
	label: string;
	/** Shown by browsers when the pointer is on it. */
	hint: string;
	isHighlighted: boolean;
	isDimmed: boolean;
}

export interface BubbleChart {
	title: string;
	xTitle: string;
	yTitle: string;
	sizeTitle: string;
	bubbles: readonly Bubble[];
	/** A vertical line, e.g. a limit. */
	xLimit: { value: number; label: string } | null;
}

const frame = { width: 860, height: 500 };
const margin = { left: 76, right: 28, top: 56, bottom: 62 };
const largestRadius = 26;
const smallestRadius = 6;
const colours = {
	text: "#1f2933",
	faint: "#7b8794",
	grid: "#e4e7eb",
	bubble: "#2f6fb0",
	highlight: "#d9822b",
	limit: "#c23030",
};

export function drawBubbleChart(chart: BubbleChart): string {
	const { bubbles, xLimit } = chart;
	const xTicks = niceTicks(
		0,
		Math.max(...bubbles.map(({ x }) => x), xLimit?.value ?? 0, 1e-6),
	);
	const yTicks = niceTicks(0, Math.max(...bubbles.map(({ y }) => y), 1e-6));
	const inner = {
		// What lies on the axis has its whole bubble beside it.
		width: frame.width - margin.left - margin.right - largestRadius,
		height: frame.height - margin.top - margin.bottom,
	};
	const toX = (value: number) =>
		margin.left + largestRadius + (value / (xTicks.at(-1) ?? 1)) * inner.width;
	const toY = (value: number) =>
		margin.top + inner.height * (1 - value / (yTicks.at(-1) ?? 1));
	const largest = Math.max(...bubbles.map(({ size }) => size), 1);
	const radius = (size: number) =>
		Math.max(smallestRadius, largestRadius * Math.sqrt(size / largest));

	const parts: string[] = [];
	for (const tick of yTicks) {
		const y = toY(tick);
		parts.push(
			line(margin.left, y, frame.width - margin.right, y, colours.grid),
			text(margin.left - 8, y + 4, formatTick(tick), { anchor: "end" }),
		);
	}
	for (const tick of xTicks) {
		const x = toX(tick);
		parts.push(
			line(x, margin.top, x, frame.height - margin.bottom, colours.grid),
			text(x, frame.height - margin.bottom + 18, formatTick(tick), {
				anchor: "middle",
			}),
		);
	}
	if (xLimit !== null) {
		const x = toX(xLimit.value);
		parts.push(
			`<line x1="${at(x)}" y1="${margin.top}" x2="${at(x)}" y2="${frame.height - margin.bottom}" stroke="${colours.limit}" stroke-dasharray="5 4"/>`,
			text(x - 6, margin.top + 12, xLimit.label, {
				anchor: "end",
				colour: colours.limit,
			}),
		);
	}
	// Large ones first, so that small ones lie on top.
	const drawn = [...bubbles].sort((left, right) => right.size - left.size);
	for (const bubble of drawn) {
		const colour = bubble.isHighlighted ? colours.highlight : colours.bubble;
		parts.push(
			`<circle cx="${at(toX(bubble.x))}" cy="${at(toY(bubble.y))}" r="${at(radius(bubble.size))}" fill="${colour}" fill-opacity="${bubble.isDimmed ? 0.2 : 0.55}" stroke="${colour}"><title>${escapeXml(bubble.hint)}</title></circle>`,
		);
	}
	parts.push(
		...placeLabels(
			drawn.map((bubble) => ({
				x: toX(bubble.x),
				y: toY(bubble.y),
				radius: radius(bubble.size),
				label: bubble.label,
				isBold: bubble.isHighlighted,
			})),
		),
		text(margin.left, 22, chart.title, { size: 15, isBold: true }),
		text(margin.left, 40, chart.sizeTitle, { colour: colours.faint }),
		text(margin.left + inner.width / 2, frame.height - 16, chart.xTitle, {
			anchor: "middle",
		}),
		`<g transform="translate(18 ${at(margin.top + inner.height / 2)}) rotate(-90)">${text(0, 0, chart.yTitle, { anchor: "middle" })}</g>`,
	);
	return (
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${frame.width} ${frame.height}" width="${frame.width}" height="${frame.height}" ` +
		`font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="${escapeXml(chart.title)}">` +
		`<rect width="100%" height="100%" fill="#ffffff"/>${parts.join("")}</svg>`
	);
}

/** Round steps of 1, 2 or 5 times a power of ten, from `low` to beyond `high`: about five of them. */
export function niceTicks(low: number, high: number): number[] {
	const raw = (high - low || 1) / 5;
	const power = 10 ** Math.floor(Math.log10(raw));
	const step =
		power * ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10);
	const count = Math.ceil((high - low) / step - 1e-9) || 1;
	return Array.from({ length: count + 1 }, (_, index) =>
		Number((low + index * step).toPrecision(12)),
	);
}

interface Label {
	x: number;
	y: number;
	radius: number;
	label: string;
	isBold: boolean;
}

/** Right of its bubble, or left where the frame ends; pushed down where another label is, left out where there is no room. */
function placeLabels(labels: readonly Label[]): string[] {
	const taken: { left: number; right: number; y: number }[] = [];
	const lineHeight = 14;
	const parts: string[] = [];
	// What is highlighted gets the best place.
	const order = [...labels].sort(
		(left, right) => Number(right.isBold) - Number(left.isBold),
	);
	for (const { x, y, radius, label, isBold } of order) {
		if (label === "") continue;
		const width = 6.8 * label.length;
		const isLeft = x + radius + 4 + width > frame.width;
		const left = isLeft ? x - radius - 4 - width : x + radius + 4;
		const places = [0, 1, -1, 2, -2, 3, -3].map(
			(lines) => y + 4 + lines * lineHeight,
		);
		const place = places.find(
			(candidate) =>
				candidate > margin.top &&
				candidate < frame.height - margin.bottom &&
				taken.every(
					(other) =>
						Math.abs(other.y - candidate) >= lineHeight ||
						left > other.right ||
						left + width < other.left,
				),
		);
		if (place === undefined) continue;
		taken.push({ left, right: left + width, y: place });
		parts.push(text(left, place, label, { isBold }));
	}
	return parts;
}

function line(
	x1: number,
	y1: number,
	x2: number,
	y2: number,
	colour: string,
): string {
	return `<line x1="${at(x1)}" y1="${at(y1)}" x2="${at(x2)}" y2="${at(y2)}" stroke="${colour}"/>`;
}

function text(
	x: number,
	y: number,
	content: string,
	{
		anchor = "start",
		colour = colours.text,
		size = 12,
		isBold = false,
	}: {
		anchor?: "start" | "middle" | "end";
		colour?: string;
		size?: number;
		isBold?: boolean;
	} = {},
): string {
	const weight = isBold ? ' font-weight="bold"' : "";
	return `<text x="${at(x)}" y="${at(y)}" text-anchor="${anchor}" fill="${colour}" font-size="${size}"${weight}>${escapeXml(content)}</text>`;
}

/** Tenths of a pixel are enough. */
function at(value: number): string {
	return String(Math.round(value * 10) / 10);
}

function formatTick(value: number): string {
	return String(Number(value.toPrecision(6)));
}

export function escapeXml(content: string): string {
	return content
		.replaceAll("&", "&amp;")
		.replaceAll("<", "&lt;")
		.replaceAll(">", "&gt;")
		.replaceAll('"', "&quot;");
}
