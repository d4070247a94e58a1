import { Skeleton } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import type { CatalogEntry } from "../api/catalog-types.ts";
import classes from "./catalog.module.css";
import { ModelCard } from "./model-card.tsx";

interface CatalogGridProps {
	entries: readonly CatalogEntry[];
	isPending: boolean;
	hasMore: boolean;
	onMore: () => void;
	chosen: readonly string[];
	onChoose: (id: string, isChosen: boolean) => void;
}

const cardWidth = 262;
const rowHeight = 188 + 16;

/** Cards in rows; only those near the screen are in the page, however many models there are. */
export function CatalogGrid(props: CatalogGridProps) {
	const { entries, isPending, hasMore, onMore, chosen, onChoose } = props;
	const { ref: sizeRef, width } = useElementSize<HTMLDivElement>();
	const box = useRef<HTMLDivElement | null>(null);
	const [top, setTop] = useState(0);
	const columns = Math.max(1, Math.floor((width + 16) / (cardWidth + 16)));
	const rowCount = Math.ceil(entries.length / columns);
	// biome-ignore lint/correctness/useExhaustiveDependencies: what is above may have grown
	useLayoutEffect(() => {
		const place = box.current?.getBoundingClientRect().top ?? 0;
		setTop(place + window.scrollY);
	}, [width, entries.length]);
	const virtualizer = useWindowVirtualizer({
		count: rowCount,
		estimateSize: () => rowHeight,
		overscan: 3,
		scrollMargin: top,
	});
	const rows = virtualizer.getVirtualItems();
	const last = rows.at(-1)?.index ?? -1;
	useEffect(() => {
		if (hasMore && rowCount > 0 && last >= rowCount - 3) onMore();
	}, [hasMore, last, rowCount, onMore]);

	const template = `repeat(${columns}, minmax(0, 1fr))`;
	if (isPending)
		return (
			<div
				ref={sizeRef}
				className={classes.row}
				style={{ position: "static", gridTemplateColumns: template }}
				aria-busy="true"
			>
				{Array.from({ length: 9 }, (_, place) => place).map((place) => (
					<Skeleton key={place} height={188} radius="md" />
				))}
			</div>
		);
	return (
		<div
			ref={(element) => {
				box.current = element;
				sizeRef(element);
			}}
		>
			<ul
				className={classes.rows}
				style={{ height: virtualizer.getTotalSize(), margin: 0, padding: 0 }}
				aria-label="Models"
			>
				{rows.map(({ index, start }) =>
					entries
						.slice(index * columns, (index + 1) * columns)
						.map((entry, column) => (
							<li
								key={entry.id}
								aria-setsize={entries.length}
								aria-posinset={index * columns + column + 1}
								style={{
									position: "absolute",
									top: start - virtualizer.options.scrollMargin,
									left: `calc((100% + 16px) / ${columns} * ${column})`,
									width: `calc((100% + 16px) / ${columns} - 16px)`,
									listStyle: "none",
								}}
							>
								<ModelCard
									entry={entry}
									isChosen={chosen.includes(entry.id)}
									onChoose={onChoose}
								/>
							</li>
						)),
				)}
			</ul>
		</div>
	);
}
