import { Group, Pill } from "@mantine/core";
import { facetNames } from "../api/catalog-types.ts";
import { type CatalogSearch, toggleFacet } from "./catalog-search.ts";
import { facetLabel } from "./facet-names.ts";

interface ActiveFiltersProps {
	search: CatalogSearch;
	onChange: (search: CatalogSearch) => void;
}

/** What narrows the list, each with a way to take it off. */
export function ActiveFilters({ search, onChange }: ActiveFiltersProps) {
	const chosen = facetNames.flatMap((name) =>
		(search[name]?.split("~") ?? []).map((value) => ({ name, value })),
	);
	return (
		<Group gap={6}>
			{chosen.map(({ name, value }) => (
				<Pill
					key={`${name}-${value}`}
					withRemoveButton
					onRemove={() => onChange(toggleFacet(search, name, value))}
					removeButtonProps={{
						"aria-label": `Remove filter ${facetLabel(name, value)}`,
						"aria-hidden": false,
						tabIndex: 0,
					}}
				>
					{facetLabel(name, value)}
				</Pill>
			))}
		</Group>
	);
}
