import {
	Button,
	Drawer,
	Group,
	NativeSelect,
	Switch,
	Text,
	TextInput,
} from "@mantine/core";
import { useDebouncedCallback, useDisclosure } from "@mantine/hooks";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useState } from "react";
import { useCatalog } from "../api/catalog-queries.ts";
import { type CatalogSort, catalogSorts } from "../api/catalog-types.ts";
import { EmptyState } from "../components/empty-state.tsx";
import { ErrorState } from "../components/error-state.tsx";
import { FilterIcon, SearchIcon } from "../components/icons.tsx";
import { PageHeader } from "../components/page-header.tsx";
import { formatCount, formatWord } from "../components/quantities.ts";
import { ActiveFilters } from "./active-filters.tsx";
import classes from "./catalog.module.css";
import { CatalogGrid } from "./catalog-grid.tsx";
import {
	type CatalogSearch,
	countFilters,
	toFilter,
} from "./catalog-search.ts";
import { CompareBar } from "./compare-bar.tsx";
import { FacetPanel } from "./facet-panel.tsx";

const route = getRouteApi("/catalog");

const sortTitles: Partial<Record<CatalogSort, string>> = {
	relevance: "Best match",
	size: "Smallest first",
	memory: "Least memory",
	released: "Newest first",
};

const noFacets = {};

export function CatalogPage() {
	const search = route.useSearch();
	const navigate = route.useNavigate();
	const catalog = useCatalog(toFilter(search));
	const [isOpen, facets] = useDisclosure(false);
	const [chosen, setChosen] = useState<readonly string[]>([]);
	// The same function each time: cards that haven't changed are not drawn again.
	const choose = useCallback(
		(id: string, isChosen: boolean) =>
			setChosen((ids) =>
				isChosen
					? [...ids.filter((one) => one !== id), id].slice(-4)
					: ids.filter((one) => one !== id),
			),
		[],
	);
	const router = useRouter();
	const change = useCallback(
		(next: CatalogSearch) => {
			// What was typed is applied a moment later: whoever has left for a model by then isn't fetched back.
			if (!/^\/catalog\/?$/.test(router.latestLocation.pathname)) return;
			void navigate({ search: next, replace: true, resetScroll: false });
		},
		[router, navigate],
	);
	const [first] = catalog.data?.pages ?? [];
	const entries = useMemo(
		() => catalog.data?.pages.flatMap((page) => page.entries) ?? [],
		[catalog.data],
	);
	const { isFetchingNextPage, fetchNextPage } = catalog;
	const fetchMore = useCallback(() => {
		if (!isFetchingNextPage) void fetchNextPage();
	}, [isFetchingNextPage, fetchNextPage]);
	const panel = (
		<FacetPanel
			facets={first?.facets ?? noFacets}
			search={search}
			onChange={change}
		/>
	);
	return (
		<>
			<PageHeader
				title="Catalog"
				description="Open models with their cards: look, compare, try, deploy."
			/>
			<div className={classes.layout}>
				<aside className={classes.aside} aria-label="Filters">
					{panel}
				</aside>
				<div className={classes.results}>
					<Group gap="sm" mb="sm">
						<SearchField search={search} onChange={change} />
						<NativeSelect
							aria-label="Sort by"
							value={search.sort ?? "relevance"}
							onChange={({ currentTarget }) => {
								const { sort: _, ...rest } = search;
								const sort = catalogSorts.find(
									(one) => one === currentTarget.value,
								);
								change(
									sort === undefined || sort === "relevance"
										? rest
										: { ...rest, sort },
								);
							}}
							data={catalogSorts.map((value) => ({
								value,
								label: sortTitles[value] ?? `By ${value}`,
							}))}
						/>
						<Switch
							label="Fits this machine"
							checked={search.fits === true}
							onChange={({ currentTarget }) => {
								const { fits: _, ...rest } = search;
								change(currentTarget.checked ? { ...rest, fits: true } : rest);
							}}
						/>
						<Button
							variant="default"
							className={classes.filterButton}
							leftSection={<FilterIcon size={16} />}
							onClick={facets.open}
						>
							Filters{countFilters(search) > 0 && ` (${countFilters(search)})`}
						</Button>
					</Group>
					<Group gap="xs" mb="md" mih={26}>
						<Text size="sm" c="dimmed" role="status">
							{first === undefined
								? catalog.error === null && "Looking…"
								: `${formatCount(first.total)} ${first.total === 1 ? "model" : "models"}, ${formatCount(first.fitting)} of them fit this machine`}
						</Text>
						<ActiveFilters search={search} onChange={change} />
					</Group>
					{first?.isLoose === true && (
						<Text size="sm" mb="md">
							No model has all of these words; these have most of them.
						</Text>
					)}
					{catalog.error !== null && entries.length === 0 ? (
						<ErrorState
							error={catalog.error}
							onRetry={() => void catalog.refetch()}
						/>
					) : first !== undefined && entries.length === 0 ? (
						<EmptyState
							icon={SearchIcon}
							title="No model matches"
							description="Take a filter away, or search with fewer words."
						>
							<Button variant="default" onClick={() => change({})}>
								Clear everything
							</Button>
						</EmptyState>
					) : (
						<CatalogGrid
							entries={entries}
							isPending={catalog.isPending}
							hasMore={catalog.hasNextPage}
							onMore={fetchMore}
							chosen={chosen}
							onChoose={choose}
						/>
					)}
				</div>
			</div>
			<Drawer
				opened={isOpen}
				onClose={facets.close}
				title={formatWord("filters")}
				position="right"
				size="sm"
				closeButtonProps={{ "aria-label": "Close filters" }}
			>
				{panel}
			</Drawer>
			<CompareBar ids={chosen} onClear={() => setChosen([])} />
		</>
	);
}

interface SearchFieldProps {
	search: CatalogSearch;
	onChange: (search: CatalogSearch) => void;
}

/** The address follows when the typing pauses. */
function SearchField({ search, onChange }: SearchFieldProps) {
	const [words, setWords] = useState(search.query ?? "");
	const { query } = search;
	useEffect(() => setWords(query ?? ""), [query]);
	const apply = useDebouncedCallback((text: string) => {
		const { query: _, ...rest } = search;
		const trimmed = text.trim();
		onChange(trimmed === "" ? rest : { ...rest, query: trimmed });
	}, 200);
	return (
		<TextInput
			type="search"
			aria-label="Search models"
			placeholder="Search by name, task, language …"
			leftSection={<SearchIcon size={16} />}
			className={classes.search}
			value={words}
			onChange={({ currentTarget }) => {
				setWords(currentTarget.value);
				apply(currentTarget.value);
			}}
		/>
	);
}
