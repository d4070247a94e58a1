import classes from "./architecture-picture.module.css";

interface Box {
	text: string;
	x: number;
	y: number;
	isService?: boolean;
}

const rag: readonly Box[] = [
	{ text: "Pages, files", x: 0, y: 0 },
	{ text: "Chunks", x: 1, y: 0 },
	{ text: "Embeddings", x: 2, y: 0, isService: true },
	{ text: "Vectors", x: 3, y: 0 },
	{ text: "Question", x: 0, y: 1 },
	{ text: "Search", x: 1, y: 1 },
	{ text: "Rerank", x: 2, y: 1, isService: true },
	{ text: "Answer", x: 3, y: 1, isService: true },
];

const plain: readonly Box[] = [
	{ text: "You", x: 0, y: 0 },
	{ text: "Application", x: 1, y: 0 },
	{ text: "Gateway", x: 2, y: 0 },
	{ text: "Services", x: 3, y: 0, isService: true },
];

const width = 118;
const height = 40;
const stepX = 150;
const stepY = 76;

/** How the parts of a blueprint talk to each other. */
export function ArchitecturePicture({ name }: { name: string }) {
	const isRag = /rag/.test(name);
	const boxes = isRag ? rag : plain;
	const rows = isRag ? 2 : 1;
	const arrows = boxes
		.filter(({ x }) => x < 3)
		.map(
			({ x, y }) =>
				`M${x * stepX + width + 4} ${y * stepY + height / 2} H${(x + 1) * stepX - 6}`,
		);
	const lookUp = isRag
		? `M${3 * stepX + width / 2} ${height + 4} V${(height + stepY) / 2} H${stepX + width / 2} V${stepY - 8}`
		: "";
	return (
		<svg
			className={classes.picture}
			viewBox={`-2 -2 ${3 * stepX + width + 4} ${(rows - 1) * stepY + height + 4}`}
			role="img"
			aria-label={
				isRag
					? "Pages and files are cut into chunks, embedded and stored as vectors. A question searches them; what is found is reranked, and a model answers with citations."
					: "The application asks the gateway, which asks the services."
			}
		>
			<defs>
				<marker
					id={`arrow-${name}`}
					viewBox="0 0 8 8"
					refX="6"
					refY="4"
					markerWidth="7"
					markerHeight="7"
					orient="auto"
				>
					<path d="M0 0L8 4L0 8z" className={classes.head} />
				</marker>
			</defs>
			{arrows.map((arrow) => (
				<path
					key={arrow}
					d={arrow}
					className={classes.line}
					markerEnd={`url(#arrow-${name})`}
				/>
			))}
			{lookUp !== "" && (
				<path
					d={lookUp}
					className={classes.line}
					markerEnd={`url(#arrow-${name})`}
				/>
			)}
			{boxes.map(({ text, x, y, isService = false }) => (
				<g key={text} transform={`translate(${x * stepX} ${y * stepY})`}>
					<rect
						width={width}
						height={height}
						rx="8"
						className={classes.box}
						data-service={isService}
					/>
					<text x={width / 2} y={height / 2 + 5} className={classes.text}>
						{text}
					</text>
				</g>
			))}
		</svg>
	);
}
