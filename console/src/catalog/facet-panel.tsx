import { Button, Checkbox, Stack, Text, Title } from "@mantine/core";
import { memo, useState } from "react";
import {
	type FacetCount,
	type FacetName,
	facetNames,
} from "../api/catalog-types.ts";
import classes from "./catalog.module.css";
import {
	type CatalogSearch,
	countFilters,
	toggleFacet,
} from "./catalog-search.ts";
import { facetLabel, facetTitles } from "./facet-names.ts";

interface FacetPanelProps {
	facets: Readonly<Partial<Record<FacetName, readonly FacetCount[]>>>;
	search: CatalogSearch;
	onChange: (search: CatalogSearch) => void;
}

const fewest = 6;

/** Drawn again for other filters only: a chosen card or a further page of models changes nothing here. */
export const FacetPanel = memo(function FacetPanel({
	facets,
	search,
	onChange,
}: FacetPanelProps) {
	const { query, sort } = search;
	return (
		<Stack gap="lg">
			{countFilters(search) > 0 && (
				<Button
					variant="default"
					size="xs"
					onClick={() =>
						onChange({
							...(query === undefined ? {} : { query }),
							...(sort === undefined ? {} : { sort }),
						})
					}
				>
					Clear filters
				</Button>
			)}
			{facetNames.map((name) => {
				const counts = facets[name] ?? [];
				return counts.length === 0 ? null : (
					<Facet
						key={name}
						name={name}
						counts={counts}
						chosen={search[name]?.split("~") ?? []}
						onToggle={(value) => onChange(toggleFacet(search, name, value))}
					/>
				);
			})}
		</Stack>
	);
});

interface FacetProps {
	name: FacetName;
	counts: readonly FacetCount[];
	chosen: readonly string[];
	onToggle: (value: string) => void;
}

function Facet({ name, counts, chosen, onToggle }: FacetProps) {
	const [isLong, setIsLong] = useState(false);
	const shown = isLong
		? counts
		: counts.filter(
				({ value }, place) => place < fewest || chosen.includes(value),
			);
	return (
		<section aria-label={facetTitles[name]}>
			<Title order={2} size="h6" mb={6}>
				{facetTitles[name]}
			</Title>
			<Stack gap={2}>
				{shown.map(({ value, count }) => (
					<div key={value} className={classes.facet}>
						<Checkbox
							size="xs"
							label={facetLabel(name, value)}
							checked={chosen.includes(value)}
							onChange={() => onToggle(value)}
						/>
						<Text size="xs" c="dimmed" className="galley-numbers">
							{count}
						</Text>
					</div>
				))}
			</Stack>
			{counts.length > fewest && (
				<Button
					variant="subtle"
					color="gray"
					size="compact-xs"
					mt={4}
					aria-expanded={isLong}
					onClick={() => setIsLong(!isLong)}
				>
					{isLong ? "Fewer" : `All ${counts.length}`}
				</Button>
			)}
		</section>
	);
}
