import {
	Button,
	Collapse,
	NativeSelect,
	NumberInput,
	Stack,
	Switch,
	Text,
	TextInput,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState } from "react";
import type { CatalogEntry } from "../api/catalog-types.ts";
import { useSession } from "../api/client.ts";
import { useFleetActions } from "../api/fleet-queries.ts";
import type { Service } from "../api/fleet-types.ts";
import { FailureAlert } from "../components/failure-alert.tsx";
import { PlaygroundIcon, RocketIcon } from "../components/icons.tsx";
import { LinkButton, TextLink } from "../components/links.tsx";
import { PhaseBadge } from "../components/phase-badge.tsx";
import { formatBytes } from "../components/quantities.ts";
import { Section } from "../components/section.tsx";
import { LoadingProgress } from "../fleet/loading-progress.tsx";
import classes from "./model.module.css";

interface DeployPanelProps {
	entry: CatalogEntry;
	services: readonly Service[];
	isPlayable: boolean;
}

/** From model to service: one button, its progress, and the way on. */
export function DeployPanel({ entry, services, isPlayable }: DeployPanelProps) {
	const { mayAdmin } = useSession();
	return (
		<Section
			title={services.length > 0 ? "On this gateway" : "Deploy"}
			description={
				services.length > 0
					? undefined
					: "Runs it as a service of this fleet, behind this gateway."
			}
		>
			<Stack gap="md">
				{services.map((service) => (
					<Deployed
						key={service.name}
						service={service}
						isPlayable={isPlayable}
					/>
				))}
				{services.length > 0 ? (
					mayAdmin && <DeployAnother entry={entry} services={services} />
				) : entry.served.engine === "none" ? (
					<Text size="sm" c="dimmed">
						{entry.served.note ?? "No engine of Galley runs such a model yet."}
					</Text>
				) : mayAdmin ? (
					<DeployForm entry={entry} firstName={entry.id} />
				) : (
					<Text size="sm" c="dimmed">
						Your key may look, not deploy.
					</Text>
				)}
			</Stack>
		</Section>
	);
}

function Deployed({
	service,
	isPlayable,
}: {
	service: Service;
	isPlayable: boolean;
}) {
	const { name, state, replicas } = service;
	const { mayInfer } = useSession();
	const isReady = replicas.some(({ phase }) => phase === "ready");
	return (
		<div role="status">
			<div className={classes.publisher}>
				<TextLink to="/fleet/$service" params={{ service: name }} fw={600}>
					{name}
				</TextLink>
				<PhaseBadge phase={state} />
			</div>
			{replicas.map((replica) => (
				<div key={replica.id}>
					<LoadingProgress replica={replica} />
					{replica.phase !== "ready" && replica.reason !== null && (
						<Text size="sm" c="dimmed" mt="xs">
							{replica.reason}
						</Text>
					)}
				</div>
			))}
			{isReady && isPlayable && mayInfer && (
				<LinkButton
					fullWidth
					mt="md"
					to="/playground"
					search={{ model: name }}
					leftSection={<PlaygroundIcon size={16} />}
				>
					Try it in the playground
				</LinkButton>
			)}
		</div>
	);
}

/** A second service of the model: another version beside the first, to compare or to move to. */
function DeployAnother({
	entry,
	services,
}: Pick<DeployPanelProps, "entry" | "services">) {
	const [isOpen, another] = useDisclosure(false);
	return isOpen ? (
		<DeployForm
			// Once it is there, the next one has another name.
			key={services.length}
			entry={entry}
			firstName={`${entry.id}-${services.length + 1}`}
			isNameShown
		/>
	) : (
		<Button
			variant="subtle"
			color="gray"
			size="compact-sm"
			onClick={another.open}
		>
			Deploy another version
		</Button>
	);
}

interface DeployFormProps {
	entry: CatalogEntry;
	/** That it has unless somebody writes another. */
	firstName: string;
	isNameShown?: boolean;
}

function DeployForm({
	entry,
	firstName,
	isNameShown = false,
}: DeployFormProps) {
	const { id, variants, fit } = entry;
	const { deploy } = useFleetActions();
	const [isOpen, more] = useDisclosure(isNameShown);
	const [variant, setVariant] = useState(
		fit?.variant ?? variants[0]?.name ?? "",
	);
	const [name, setName] = useState(firstName);
	const [replicas, setReplicas] = useState<number | string>(1);
	const [onDemand, setOnDemand] = useState(false);
	const chosen = variants.find((one) => one.name === variant);
	const need = fit?.variants.find((one) => one.name === variant)?.needBytes;
	const isTooBig =
		fit !== undefined && need != null && need > fit.availableBytes;
	return (
		<form
			onSubmit={(event) => {
				event.preventDefault();
				deploy.mutate({
					name,
					model:
						chosen === undefined || chosen === variants[0]
							? id
							: chosen.reference,
					replicas: Number(replicas),
					start: onDemand ? "on-demand" : "always",
				});
			}}
		>
			<Stack gap="sm">
				<NativeSelect
					label="Version"
					value={variant}
					onChange={({ currentTarget }) => setVariant(currentTarget.value)}
					data={variants.map((one) => ({
						value: one.name,
						label: `${one.quantisation}${one.sizeBytes === null ? "" : `, ${formatBytes(one.sizeBytes)}`}`,
					}))}
				/>
				{need != null && (
					<Text size="xs" {...(isTooBig ? {} : { c: "dimmed" })}>
						Needs about {formatBytes(need)}; {formatBytes(fit?.availableBytes)}{" "}
						are free
						{isTooBig && ". It will most likely not start."}
					</Text>
				)}
				<Button
					variant="subtle"
					color="gray"
					size="compact-sm"
					onClick={more.toggle}
					aria-expanded={isOpen}
				>
					{isOpen ? "Fewer settings" : "More settings"}
				</Button>
				<Collapse expanded={isOpen}>
					<Stack gap="sm">
						<TextInput
							label="Name"
							description="What clients write in “model”."
							value={name}
							onChange={({ currentTarget }) => setName(currentTarget.value)}
							required
						/>
						<NumberInput
							label="Replicas"
							value={replicas}
							onChange={setReplicas}
							min={1}
							max={64}
							allowDecimal={false}
						/>
						<Switch
							label="Start with the first request"
							checked={onDemand}
							onChange={({ currentTarget }) =>
								setOnDemand(currentTarget.checked)
							}
						/>
					</Stack>
				</Collapse>
				<FailureAlert error={deploy.error} title="It was not deployed" />
				<Button
					type="submit"
					loading={deploy.isPending}
					leftSection={<RocketIcon size={18} />}
				>
					Deploy
				</Button>
			</Stack>
		</form>
	);
}
