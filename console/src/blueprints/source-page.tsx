import { Box, Grid, NavLink, Select, Stack, Text } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo } from "react";
import {
	useBlueprintFile,
	useBlueprintSource,
	useBlueprints,
} from "../api/access-queries.ts";
import type { BlueprintFile } from "../api/access-types.ts";
import { PageLoading } from "../app/page-loading.tsx";
import { CodeBlock } from "../components/code-block.tsx";
import { ErrorState } from "../components/error-state.tsx";
import { TextLink } from "../components/links.tsx";
import { PageHeader } from "../components/page-header.tsx";
import { formatBytes } from "../components/quantities.ts";
import { groupFiles, languageOf } from "./source-files.ts";
import classes from "./source-page.module.css";

const route = getRouteApi("/blueprints/$name/source");

/** A blueprint's source, file by file: as the gateway has it, so that it is there without the internet too. */
export function SourcePage() {
	const { name } = route.useParams();
	const { file } = route.useSearch();
	const navigate = route.useNavigate();
	const { data, error, refetch } = useBlueprintSource(name);
	const blueprint = useBlueprints().data?.find((one) => one.name === name);
	const groups = useMemo(
		() => groupFiles(data?.files ?? [], name),
		[data, name],
	);
	const open = file ?? firstOf(data?.files ?? []);
	const choose = (path: string) =>
		void navigate({ search: { file: path }, resetScroll: false });
	return (
		<>
			<PageHeader
				title={`Source of ${blueprint?.title ?? name}`}
				above={
					<TextLink to="/blueprints" size="sm">
						Blueprints
					</TextLink>
				}
				description={
					blueprint?.source === undefined
						? undefined
						: `To copy it, take the folder ${blueprint.source} of Galley. It uses the public API alone.`
				}
			/>
			{data === undefined ? (
				error === null ? (
					<PageLoading />
				) : (
					<ErrorState error={error} onRetry={() => void refetch()} />
				)
			) : (
				<Grid gap="lg">
					<Grid.Col span={{ base: 12, md: 3 }}>
						<Select
							hiddenFrom="md"
							label="File"
							searchable
							allowDeselect={false}
							data={groups.map(({ folder, files }) => ({
								group: folder,
								items: files.map(({ path }) => ({ value: path, label: path })),
							}))}
							value={open ?? null}
							onChange={(path) => path !== null && choose(path)}
						/>
						<Box
							component="nav"
							visibleFrom="md"
							className={classes.files}
							aria-label="Files"
						>
							{groups.map(({ folder, files }) => (
								<Stack key={folder} gap={0}>
									<Text size="xs" c="dimmed" px="xs" pt="sm" pb={2}>
										{folder}
									</Text>
									{files.map(({ path, shortName, bytes }) => (
										<NavLink
											key={path}
											component="button"
											active={path === open}
											{...(path === open
												? { "aria-current": "page" as const }
												: {})}
											label={shortName}
											aria-label={path}
											title={formatBytes(bytes)}
											className={classes.file}
											onClick={() => choose(path)}
										/>
									))}
								</Stack>
							))}
						</Box>
					</Grid.Col>
					<Grid.Col span={{ base: 12, md: 9 }}>
						{open !== undefined && <SourceText name={name} path={open} />}
					</Grid.Col>
				</Grid>
			)}
		</>
	);
}

function SourceText({ name, path }: { name: string; path: string }) {
	const { data, error, refetch } = useBlueprintFile(name, path);
	if (data === undefined)
		return error === null ? (
			<PageLoading />
		) : (
			<ErrorState error={error} onRetry={() => void refetch()} />
		);
	return (
		<Stack gap="xs">
			<Text ff="monospace" size="sm" style={{ overflowWrap: "anywhere" }}>
				{path}
			</Text>
			<CodeBlock
				code={data}
				language={languageOf(path)}
				label={path}
				wraps={path.endsWith(".md")}
			/>
		</Stack>
	);
}

/** What tells most: its README. */
function firstOf(files: readonly BlueprintFile[]): string | undefined {
	return (files.find(({ path }) => path === "README.md") ?? files[0])?.path;
}
