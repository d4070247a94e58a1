import type { Projection } from "../logic/vectors.ts";
import classes from "./embeddings.module.css";

interface VectorMapProps {
	projection: Projection;
	texts: readonly string[];
	active: number | null;
	onActive: (index: number | null) => void;
}

const width = 480;
const height = 320;
const margin = 26;

/** Both axes on one scale, so that near on the map is near in the plane. */
export function VectorMap({
	projection: { points },
	texts,
	active,
	onActive,
}: VectorMapProps) {
	const xs = points.map(({ x }) => x);
	const ys = points.map(({ y }) => y);
	const [left, right] = [Math.min(...xs), Math.max(...xs)];
	const [low, high] = [Math.min(...ys), Math.max(...ys)];
	const scale = Math.min(
		(width - 2 * margin) / Math.max(right - left, 1e-9),
		(height - 2 * margin) / Math.max(high - low, 1e-9),
	);
	const toX = (x: number) => width / 2 + (x - (left + right) / 2) * scale;
	const toY = (y: number) => height / 2 - (y - (low + high) / 2) * scale;
	return (
		<>
			<svg
				className={classes.map}
				viewBox={`0 0 ${width} ${height}`}
				role="img"
				aria-label={`Map of ${points.length} texts; the list of pairs below says what lies close together`}
			>
				<line x1={width / 2} y1={8} x2={width / 2} y2={height - 8} />
				<line x1={8} y1={height / 2} x2={width - 8} y2={height / 2} />
				{points.map(({ x, y }, index) => (
					// biome-ignore lint/a11y/noStaticElementInteractions: the list of pairs says it without a mouse
					<g
						// biome-ignore lint/suspicious/noArrayIndexKey: a text's place is what it is
						key={index}
						data-active={index === active || undefined}
						onMouseEnter={() => onActive(index)}
						onMouseLeave={() => onActive(null)}
					>
						<title>{texts[index]}</title>
						<circle cx={toX(x)} cy={toY(y)} r={index === active ? 9 : 6} />
						{points.length <= 60 && (
							<text x={toX(x) + 9} y={toY(y) - 8}>
								{index + 1}
							</text>
						)}
					</g>
				))}
			</svg>
			<p className={classes.caption}>
				{active === null
					? "Point at a dot or a row to see its text."
					: `${active + 1}. ${texts[active] ?? ""}`}
			</p>
		</>
	);
}
