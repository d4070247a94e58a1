import { Card, Table, Text } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useCatalogEntries } from "../api/catalog-queries.ts";
import type { CatalogEntry } from "../api/catalog-types.ts";
import { PageLoading } from "../app/page-loading.tsx";
import { EmptyState } from "../components/empty-state.tsx";
import { ErrorState } from "../components/error-state.tsx";
import { ColumnsIcon } from "../components/icons.tsx";
import { LinkButton, TextLink } from "../components/links.tsx";
import { PageHeader } from "../components/page-header.tsx";
import {
	formatBytes,
	formatParameters,
	formatTokens,
	formatWord,
} from "../components/quantities.ts";
import { ScrollBox } from "../components/scroll-box.tsx";
import classes from "./catalog.module.css";
import { FitBadge } from "./fit-badge.tsx";

const route = getRouteApi("/catalog/compare");

const yesNo = (value: boolean | "unknown") =>
	value === "unknown" ? "unknown" : value ? "Yes" : "No";

const rows: readonly [string, (entry: CatalogEntry) => ReactNode][] = [
	["Publisher", ({ publisher }) => publisher],
	["Tasks", ({ tasks }) => tasks.map(formatWord).join(", ")],
	["This machine", ({ fit }) => <FitBadge fit={fit} />],
	["Parameters", ({ parameters }) => formatParameters(parameters)],
	["Context", ({ contextLength }) => formatTokens(contextLength)],
	[
		"Licence",
		({ licence }) =>
			`${licence.name} (commercial use ${licence.commercialUse})`,
	],
	[
		"Languages",
		({ languages }) =>
			languages === "unknown"
				? "unknown"
				: `${languages.slice(0, 8).join(", ")}${languages.length > 8 ? ` and ${languages.length - 8} more` : ""}`,
	],
	["Tools", ({ capabilities }) => yesNo(capabilities.tools)],
	["JSON", ({ capabilities }) => yesNo(capabilities.json)],
	["Vision", ({ capabilities }) => yesNo(capabilities.vision)],
	["Reasoning", ({ capabilities }) => yesNo(capabilities.reasoning)],
	["Released", ({ released }) => released],
	[
		"Variants",
		({ variants }) =>
			variants
				.map(
					({ quantisation, sizeBytes }) =>
						`${quantisation}${sizeBytes === null ? "" : ` (${formatBytes(sizeBytes)})`}`,
				)
				.join(", "),
	],
	["Intended use", ({ card }) => card.intendedUse],
	["Limits", ({ card }) => card.limits],
	[
		"Benchmarks",
		({ card }) =>
			card.benchmarks.length === 0 ? (
				"unknown"
			) : (
				<ul style={{ margin: 0, paddingLeft: 16 }}>
					{card.benchmarks.slice(0, 8).map(({ name, value, metric }) => (
						<li key={`${name}-${metric}`}>
							{name}: {value} ({metric})
						</li>
					))}
				</ul>
			),
	],
];

export function ComparePage() {
	const { ids = "" } = route.useSearch();
	const wanted = ids
		.split("~")
		.filter((id) => id !== "")
		.slice(0, 4);
	const queries = useCatalogEntries(wanted);
	const failed = queries.find(({ error }) => error !== null);
	const entries = queries.flatMap(({ data }) => data ?? []);
	return (
		<>
			<PageHeader
				above={
					<TextLink to="/catalog" size="sm">
						Catalog
					</TextLink>
				}
				title="Compare models"
			/>
			{wanted.length === 0 ? (
				<EmptyState
					icon={ColumnsIcon}
					title="Nothing to compare yet"
					description="Tick two to four models in the catalog."
				>
					<LinkButton to="/catalog">Open the catalog</LinkButton>
				</EmptyState>
			) : failed !== undefined ? (
				<ErrorState
					error={failed.error}
					onRetry={() => void failed.refetch()}
				/>
			) : entries.length < wanted.length ? (
				<PageLoading />
			) : (
				<Card padding={0}>
					<ScrollBox label="Comparison">
						<Table className={classes.compare}>
							<Table.Thead>
								<Table.Tr>
									<Table.Td />
									{entries.map(({ id, name }) => (
										<Table.Th key={id} scope="col">
											<TextLink
												to="/models/$modelId"
												params={{ modelId: id }}
												fw={600}
												size="md"
											>
												{name}
											</TextLink>
											<div>
												<LinkButton
													to="/models/$modelId"
													params={{ modelId: id }}
													variant="default"
													size="compact-xs"
													mt={6}
													aria-label={`Card and deploy: ${name}`}
												>
													Card and deploy
												</LinkButton>
											</div>
										</Table.Th>
									))}
								</Table.Tr>
							</Table.Thead>
							<Table.Tbody>
								{rows.map(([title, cell]) => (
									<Table.Tr key={title}>
										<Table.Th scope="row">{title}</Table.Th>
										{entries.map((entry) => (
											<Table.Td key={entry.id}>
												<Text size="sm" component="div">
													{cell(entry)}
												</Text>
											</Table.Td>
										))}
									</Table.Tr>
								))}
							</Table.Tbody>
						</Table>
					</ScrollBox>
				</Card>
			)}
		</>
	);
}
