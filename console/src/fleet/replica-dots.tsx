import { Text } from "@mantine/core";
import type { Service } from "../api/fleet-types.ts";
import classes from "./fleet.module.css";

/** A square a replica. */
export function ReplicaDots({ service }: { service: Service }) {
	const { replicas, maxReplicas } = service;
	const ready = replicas.filter(({ phase }) => phase === "ready").length;
	return (
		<div>
			<div className={classes.dots} aria-hidden="true">
				{replicas.map(({ id, phase }) => (
					<span
						key={id}
						className={classes.dot}
						data-phase={phase}
						title={`${id}: ${phase}`}
					/>
				))}
			</div>
			<Text size="xs" c="dimmed" mt={4} style={{ whiteSpace: "nowrap" }}>
				{ready} ready of {Math.max(replicas.length, maxReplicas)}
			</Text>
		</div>
	);
}
