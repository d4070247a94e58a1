import { Card, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useMemo, useState } from "react";
import type { EmbeddingAnswer } from "../logic/encoder-answers.ts";
import {
	closestPairs,
	projectToPlane,
	similarityMatrix,
} from "../logic/vectors.ts";
import classes from "./embeddings.module.css";
import { VectorMap } from "./vector-map.tsx";

/** More cells than this are no longer read, only waited for. */
const mostRows = 30;

export function EmbeddingResults({ answer }: { answer: EmbeddingAnswer }) {
	const { texts, vectors } = answer;
	const matrix = useMemo(() => similarityMatrix(vectors), [vectors]);
	const projection = useMemo(() => projectToPlane(vectors), [vectors]);
	const pairs = useMemo(() => closestPairs(matrix, 8), [matrix]);
	const [active, setActive] = useState<number | null>(null);
	if (texts.length < 2)
		return (
			<Text size="sm" c="dimmed">
				Add a second text to compare them.
			</Text>
		);
	return (
		<Stack gap="md">
			<SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md">
				<Card component="section" aria-labelledby="embedding-matrix">
					<Title order={2} size="h5" id="embedding-matrix" mb={4}>
						Similarity
					</Title>
					<Text size="xs" c="dimmed" mb="sm">
						Cosine of each pair: 1 is the same direction.
					</Text>
					{texts.length <= mostRows ? (
						<Matrix
							matrix={matrix}
							texts={texts}
							active={active}
							onActive={setActive}
						/>
					) : (
						<Text size="sm" c="dimmed">
							The matrix is drawn for up to {mostRows} texts; the map and the
							pairs show all {texts.length}.
						</Text>
					)}
				</Card>
				<Card component="section" aria-labelledby="embedding-map">
					<Title order={2} size="h5" id="embedding-map" mb={4}>
						Map
					</Title>
					<Text size="xs" c="dimmed" mb="sm">
						The two directions in which the texts differ most; together{" "}
						{Math.round(
							(projection.explained[0] + projection.explained[1]) * 100,
						)}{" "}
						% of all difference.
					</Text>
					<VectorMap
						projection={projection}
						texts={texts}
						active={active}
						onActive={setActive}
					/>
				</Card>
			</SimpleGrid>
			<Card component="section" aria-labelledby="embedding-pairs">
				<Title order={2} size="h5" id="embedding-pairs" mb="sm">
					Most alike
				</Title>
				<ol className={classes.pairs}>
					{pairs.map(({ left, right, similarity }) => (
						<li key={`${left}-${right}`}>
							<span className={classes.score}>{similarity.toFixed(3)}</span>
							<span>
								{left + 1}. {texts[left]}
							</span>
							<span>
								{right + 1}. {texts[right]}
							</span>
						</li>
					))}
				</ol>
			</Card>
		</Stack>
	);
}

function Matrix({
	matrix,
	texts,
	active,
	onActive,
}: {
	matrix: readonly (readonly number[])[];
	texts: readonly string[];
	active: number | null;
	onActive: (index: number | null) => void;
}) {
	return (
		<section
			className={classes.matrix}
			// biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
			tabIndex={0}
			aria-label="Similarity matrix"
		>
			<table>
				<thead>
					<tr>
						<td />
						{texts.map((text, index) => (
							// biome-ignore lint/suspicious/noArrayIndexKey: a text's place is what it is
							<th key={index} scope="col" title={text}>
								{index + 1}
							</th>
						))}
					</tr>
				</thead>
				<tbody>
					{matrix.map((row, index) => (
						<tr
							// biome-ignore lint/suspicious/noArrayIndexKey: a text's place is what it is
							key={index}
							data-active={index === active || undefined}
							onMouseEnter={() => onActive(index)}
							onMouseLeave={() => onActive(null)}
						>
							<th scope="row" title={texts[index]}>
								{index + 1}. {texts[index]}
							</th>
							{row.map((value, column) => (
								<td
									// biome-ignore lint/suspicious/noArrayIndexKey: a text's place is what it is
									key={column}
									style={
										{ "--share": Math.max(0, value) } as React.CSSProperties
									}
									data-strong={value > 0.92 || undefined}
								>
									{value.toFixed(2)}
								</td>
							))}
						</tr>
					))}
				</tbody>
			</table>
		</section>
	);
}
