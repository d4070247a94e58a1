import {
	Button,
	Card,
	Group,
	SimpleGrid,
	Stack,
	Text,
	Title,
} from "@mantine/core";
import { useBlueprints } from "../api/access-queries.ts";
import type { Blueprint } from "../api/access-types.ts";
import { PageLoading } from "../app/page-loading.tsx";
import { EmptyState } from "../components/empty-state.tsx";
import { ErrorState } from "../components/error-state.tsx";
import { BlueprintIcon, CodeIcon, ExternalIcon } from "../components/icons.tsx";
import { LinkButton } from "../components/links.tsx";
import { PageHeader } from "../components/page-header.tsx";
import { PhaseBadge } from "../components/phase-badge.tsx";
import { ArchitecturePicture } from "./architecture-picture.tsx";

export function BlueprintsPage() {
	const { data, error, refetch } = useBlueprints();
	return (
		<>
			<PageHeader
				title="Blueprints"
				description="Sample applications on the public API, with their source: meant to be copied."
			/>
			{data === undefined ? (
				error === null ? (
					<PageLoading />
				) : (
					<ErrorState error={error} onRetry={() => void refetch()} />
				)
			) : data.length === 0 ? (
				<EmptyState
					icon={BlueprintIcon}
					title="No blueprint runs here"
					description="Add one under “applications” in the fleet file."
				/>
			) : (
				<SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
					{data.map((blueprint) => (
						<BlueprintCard key={blueprint.name} blueprint={blueprint} />
					))}
				</SimpleGrid>
			)}
		</>
	);
}

function BlueprintCard({ blueprint }: { blueprint: Blueprint }) {
	const { name, title, description, url, sourceUrl, phase } = blueprint;
	const isSafe = (address: string | null): address is string =>
		address !== null && /^(https?:\/\/|\/)/.test(address);
	return (
		<Card component="article" aria-label={title}>
			<Stack gap="md" h="100%">
				<Group justify="space-between" wrap="nowrap" align="flex-start">
					<Title order={2} size="h4">
						{title}
					</Title>
					<PhaseBadge phase={phase} />
				</Group>
				<Text size="sm" c="dimmed">
					{description}
				</Text>
				<ArchitecturePicture name={name} />
				<Group gap="xs" mt="auto">
					{isSafe(url) && (
						<Button
							component="a"
							href={url}
							target="_blank"
							rel="noopener"
							leftSection={<ExternalIcon size={16} />}
							aria-label={`Try it: ${title}`}
							{...(phase === "ready" ? {} : { variant: "default" })}
						>
							Try it
						</Button>
					)}
					{sourceUrl !== null && (
						<LinkButton
							to="/blueprints/$name/source"
							params={{ name }}
							variant="default"
							leftSection={<CodeIcon size={16} />}
							aria-label={`Source of ${title}`}
						>
							Source
						</LinkButton>
					)}
				</Group>
			</Stack>
		</Card>
	);
}
