import { Button, Group, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useSession } from "../api/client.ts";
import {
	useFleet,
	useFleetActions,
	useServedModels,
} from "../api/fleet-queries.ts";
import { PageLoading } from "../app/page-loading.tsx";
import { ErrorState } from "../components/error-state.tsx";
import { FailureAlert } from "../components/failure-alert.tsx";
import {
	BlueprintIcon,
	CatalogIcon,
	GaugeIcon,
	KeyIcon,
	PlaygroundIcon,
	RocketIcon,
} from "../components/icons.tsx";
import { LinkButton } from "../components/links.tsx";
import { PageHeader } from "../components/page-header.tsx";
import { Section } from "../components/section.tsx";
import { LoadingProgress } from "../fleet/loading-progress.tsx";
import { ServiceCode } from "../models/service-code.tsx";
import { FleetSummary } from "./fleet-summary.tsx";
import classes from "./home.module.css";
import { NextStep } from "./next-step.tsx";

/** The model that comes with Galley: small, and here without a download. */
const starter = "starter-chat";

export function HomePage() {
	const { mayInfer, mayRead, mayAdmin } = useSession();
	const models = useServedModels();
	const fleet = useFleet();
	const chat = models.data?.find(
		({ id, parent }) => parent === null && !/embed|rerank/.test(id),
	);
	const isEmpty =
		(models.data === undefined || models.data.length === 0) &&
		!(fleet.data?.services ?? []).some(({ replicas }) =>
			replicas.some(({ phase }) => phase === "ready"),
		);
	// A key may be for one of them only.
	const failure = models.error ?? fleet.error;
	const isKnown = models.data !== undefined || fleet.data !== undefined;
	return (
		<>
			<PageHeader
				title="Welcome aboard"
				description="Open models as production services, on your own machines."
			/>
			<Stack gap="lg">
				{!isKnown && failure !== null ? (
					<ErrorState
						error={failure}
						onRetry={() => void (mayInfer ? models.refetch() : fleet.refetch())}
					/>
				) : !isKnown && (mayInfer || mayRead) ? (
					<PageLoading />
				) : isKnown && isEmpty ? (
					<FirstModel />
				) : (
					<section className={classes.hero} aria-label="Start">
						<div>
							<Title order={2} size="h3">
								{chat === undefined ? "Your fleet is up" : `Ask ${chat.id}`}
							</Title>
							<Text mt={6} maw={520} c="dimmed">
								{chat === undefined
									? "Choose a model of the catalog, deploy it, and talk to it: three clicks."
									: "It runs on this gateway and answers as you read. Nothing leaves your machine."}
							</Text>
							<Group mt="lg" gap="sm">
								{mayInfer && (
									<LinkButton
										to="/playground"
										search={chat === undefined ? {} : { model: chat.id }}
										size="md"
										leftSection={<PlaygroundIcon />}
									>
										Open the playground
									</LinkButton>
								)}
								<LinkButton
									to="/catalog"
									size="md"
									variant="default"
									leftSection={<CatalogIcon />}
								>
									Browse the catalog
								</LinkButton>
							</Group>
						</div>
					</section>
				)}
				{mayRead && <FleetSummary />}
				<SimpleGrid cols={{ base: 1, sm: 2, lg: 4 }} spacing="sm">
					<NextStep
						to="/catalog"
						search={{ fits: true }}
						icon={CatalogIcon}
						title="Find a model"
						text="Search by task, licence and size; see what fits this machine."
					/>
					{mayRead && (
						<NextStep
							to="/benchmarks"
							search={{}}
							icon={GaugeIcon}
							title="Measure it"
							text="Throughput against latency under your own load, with a target line."
						/>
					)}
					{mayRead && (
						<NextStep
							to="/blueprints"
							search={{}}
							icon={BlueprintIcon}
							title="Ask your own pages"
							text="A chatbot that answers from pages and files, with citations."
						/>
					)}
					{mayAdmin && (
						<NextStep
							to="/keys"
							search={{}}
							icon={KeyIcon}
							title="Share it"
							text="Keys with limits, and what each of them uses and costs."
						/>
					)}
				</SimpleGrid>
				{chat !== undefined && (
					<Section
						title="Call it from your code"
						description="The API is OpenAI's: what you have keeps working."
					>
						<ServiceCode
							name={chat.id}
							model={
								fleet.data?.services.find(({ name }) => name === chat.id)?.model
							}
							task="chat"
							maxHeight={360}
						/>
					</Section>
				)}
			</Stack>
		</>
	);
}

/** The first run: one button starts the model that is already here. */
function FirstModel() {
	const { mayAdmin } = useSession();
	const { deploy } = useFleetActions();
	const fleet = useFleet();
	const started = fleet.data?.services.find(({ name }) => name === starter);
	return (
		<section className={classes.hero} aria-label="Start">
			<div>
				<Title order={2} size="h3">
					Talk to your first model
				</Title>
				<Text mt={6} maw={560} c="dimmed">
					A small model came with Galley. Start it, open the playground, and
					ask: no account, no download.
				</Text>
				<Group mt="lg" gap="sm">
					{mayAdmin && started === undefined && (
						<Button
							size="md"
							leftSection={<RocketIcon />}
							loading={deploy.isPending}
							onClick={() => deploy.mutate({ name: starter, model: starter })}
						>
							Start {starter}
						</Button>
					)}
					<LinkButton
						to="/catalog"
						search={{ fits: true }}
						size="md"
						variant="default"
						leftSection={<CatalogIcon />}
					>
						Choose another
					</LinkButton>
				</Group>
				<FailureAlert error={deploy.error} title="It did not start" />
				{started?.replicas.map((replica) => (
					<LoadingProgress key={replica.id} replica={replica} />
				))}
			</div>
		</section>
	);
}
