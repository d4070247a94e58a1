import { Stack, Tabs } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { useCatalogEntry } from "../api/catalog-queries.ts";
import type { CatalogEntry } from "../api/catalog-types.ts";
import { useSession } from "../api/client.ts";
import { useFleet } from "../api/fleet-queries.ts";
import { PageLoading } from "../app/page-loading.tsx";
import { FitBadge } from "../catalog/fit-badge.tsx";
import { PublisherMark } from "../catalog/publisher-mark.tsx";
import { CodeSamples } from "../components/code-samples.tsx";
import { EmptyState } from "../components/empty-state.tsx";
import { ErrorState } from "../components/error-state.tsx";
import { CodeIcon, PlaygroundIcon } from "../components/icons.tsx";
import { LinkButton, TextLink } from "../components/links.tsx";
import { PageHeader } from "../components/page-header.tsx";
import { Section } from "../components/section.tsx";
import { DeployPanel } from "./deploy-panel.tsx";
import { MeasuredPanel } from "./measured-panel.tsx";
import classes from "./model.module.css";
import { ModelCardText } from "./model-card-text.tsx";
import { ModelFacts } from "./model-facts.tsx";
import { isPlayable, sampleTaskOf } from "./model-tasks.ts";
import { ProfilesPanel } from "./profiles-panel.tsx";
import { recommendedSettings } from "./recommended-settings.ts";
import { servicesOf } from "./service-of-model.ts";
import { VariantsTable } from "./variants-table.tsx";

const route = getRouteApi("/models/$modelId");

export function ModelPage() {
	const { modelId } = route.useParams();
	const { data: entry, error, refetch } = useCatalogEntry(modelId);
	if (entry === undefined)
		return (
			<>
				<PageHeader
					title={modelId}
					above={
						<TextLink to="/catalog" size="sm">
							Catalog
						</TextLink>
					}
				/>
				{error === null ? (
					<PageLoading />
				) : (
					<ErrorState error={error} onRetry={() => void refetch()} />
				)}
			</>
		);
	return <Model key={entry.id} entry={entry} />;
}

function Model({ entry }: { entry: CatalogEntry }) {
	const { name, publisher, fit } = entry;
	const { mayInfer } = useSession();
	const fleet = useFleet();
	const services = servicesOf(entry, fleet.data);
	const task = sampleTaskOf(entry);
	const ready = services.find(({ replicas }) =>
		replicas.some(({ phase }) => phase === "ready"),
	);
	const asked = services[0]?.name ?? entry.id;
	return (
		<>
			<PageHeader
				above={
					<TextLink to="/catalog" size="sm">
						Catalog
					</TextLink>
				}
				title={name}
				description={
					<span className={classes.publisher}>
						<PublisherMark name={publisher} size={22} /> {publisher}
						<FitBadge fit={fit} />
					</span>
				}
				actions={
					mayInfer &&
					ready !== undefined &&
					isPlayable(task) && (
						<LinkButton
							to="/playground"
							search={{ model: ready.name }}
							leftSection={<PlaygroundIcon size={16} />}
						>
							Try it
						</LinkButton>
					)
				}
			/>
			<div className={classes.layout}>
				<Tabs defaultValue="card" keepMounted={false} miw={0}>
					<Tabs.List mb="lg">
						<Tabs.Tab value="card">Model card</Tabs.Tab>
						<Tabs.Tab value="machine">Runs here?</Tabs.Tab>
						<Tabs.Tab value="code">API</Tabs.Tab>
						<Tabs.Tab value="measured">Metrics</Tabs.Tab>
					</Tabs.List>
					<Tabs.Panel value="card">
						<ModelCardText entry={entry} />
					</Tabs.Panel>
					<Tabs.Panel value="machine">
						<Stack gap="lg">
							<ProfilesPanel entry={entry} />
							<VariantsTable entry={entry} />
						</Stack>
					</Tabs.Panel>
					<Tabs.Panel value="code">
						{task === null ? (
							<EmptyState
								icon={CodeIcon}
								title="No route for this task yet"
								description="Galley serves this kind of model through the open inference protocol (/v2) where an engine supports it."
							/>
						) : (
							<Section
								title="Ask it from code"
								description={
									services.length === 0
										? "Deploy the model first; the sample has the name that it will get."
										: "Ready to run against this gateway."
								}
							>
								<CodeSamples
									model={asked}
									task={task}
									settings={recommendedSettings(entry)}
								/>
							</Section>
						)}
					</Tabs.Panel>
					<Tabs.Panel value="measured">
						<MeasuredPanel entry={entry} services={services} />
					</Tabs.Panel>
				</Tabs>
				<Stack gap="lg" className={classes.aside ?? ""}>
					<DeployPanel
						entry={entry}
						services={services}
						isPlayable={isPlayable(task)}
					/>
					<ModelFacts entry={entry} />
				</Stack>
			</div>
		</>
	);
}
