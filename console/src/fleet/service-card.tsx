import { Card, Group, Text } from "@mantine/core";
import type { Service } from "../api/fleet-types.ts";
import { Meter } from "../charts/meter.tsx";
import { Sparkline } from "../charts/sparkline.tsx";
import { TextLink } from "../components/links.tsx";
import { PhaseBadge } from "../components/phase-badge.tsx";
import {
	formatCount,
	formatMs,
	formatShare,
} from "../components/quantities.ts";
import { figuresOf, seriesOf } from "../live/live-figures.ts";
import type { FleetLive } from "../live/use-fleet-live.ts";
import classes from "./fleet.module.css";
import { LoadingProgress } from "./loading-progress.tsx";
import { ReplicaDots } from "./replica-dots.tsx";
import { ServiceActions } from "./service-actions.tsx";

/** A service in one row: what it is, how it is, what it does, what can be done. */
export function ServiceCard({
	service,
	live,
}: {
	service: Service;
	live: FleetLive;
}) {
	const { name, model, replicas, state } = service;
	const figures = figuresOf(
		live.moments.at(-1)?.services.find((one) => one.name === name),
	);
	const tokens = seriesOf(
		live.moments.slice(-60),
		name,
		(one) => one.tokensPerSecond,
	).map((value) => value ?? 0);
	const troubled = replicas.find(
		({ phase, reason }) =>
			phase !== "ready" && reason !== null && reason !== "",
	);
	return (
		<Card component="article" padding="md" aria-label={name}>
			<div className={classes.service}>
				<div style={{ minWidth: 0 }}>
					<Group gap="sm" wrap="nowrap">
						<TextLink
							to="/fleet/$service"
							params={{ service: name }}
							fw={600}
							truncate
						>
							{name}
						</TextLink>
						<PhaseBadge phase={state} />
					</Group>
					<Text size="xs" c="dimmed" truncate mt={2}>
						{model === name ? (service.task ?? "") : model}
					</Text>
				</div>
				<ReplicaDots service={service} />
				<Figure label="running · waiting">
					{figures === null
						? "–"
						: `${formatCount(figures.running)} · ${formatCount(figures.waiting)}`}
				</Figure>
				<div>
					<Figure label="KV cache">{formatShare(figures?.kvUse)}</Figure>
					<Meter
						label={`KV cache of ${name}`}
						share={figures?.kvUse ?? null}
						size={4}
					/>
				</div>
				<Figure label="ITL p95">{formatMs(figures?.itlMs?.p95)}</Figure>
				<Group gap="sm" wrap="nowrap" className={classes.spark}>
					<Figure label="tokens/s">
						{figures === null
							? "–"
							: formatCount(Math.round(figures.tokensPerSecond))}
					</Figure>
					<Sparkline values={tokens} width={72} />
				</Group>
				<ServiceActions service={service} />
			</div>
			{replicas.map((replica) => (
				<LoadingProgress key={replica.id} replica={replica} />
			))}
			{troubled !== undefined && (
				<Text
					size="sm"
					mt="xs"
					c={
						troubled.phase === "failed"
							? "var(--mantine-color-error)"
							: "dimmed"
					}
				>
					{troubled.id}: {troubled.reason}
				</Text>
			)}
		</Card>
	);
}

function Figure({ label, children }: { label: string; children: string }) {
	return (
		<div className="galley-numbers">
			<Text size="sm" fw={550} style={{ whiteSpace: "nowrap" }}>
				{children}
			</Text>
			<Text size="xs" c="dimmed" style={{ whiteSpace: "nowrap" }}>
				{label}
			</Text>
		</div>
	);
}
