import { Alert, Button, Group, Text } from "@mantine/core";
import { useSession } from "../api/client.ts";
import { isMoving, useFleet, useFleetActions } from "../api/fleet-queries.ts";
import { FailureAlert } from "../components/failure-alert.tsx";
import { RestartIcon } from "../components/icons.tsx";
import { TextLink } from "../components/links.tsx";
import { isStartedSince } from "./is-started-since.ts";

interface ApplySettingsProps {
	service: string;
	/** ISO 8601: replicas that started later run with what was found. */
	foundAt: string;
}

/** What was found is used by every start of the service from now on; this starts it anew. */
export function ApplySettings({ service, foundAt }: ApplySettingsProps) {
	const { mayAdmin } = useSession();
	const fleet = useFleet();
	const { act } = useFleetActions();
	const found = fleet.data?.services.find(({ name }) => name === service);
	if (found === undefined)
		return (
			<Text size="sm" c="dimmed">
				{fleet.data === undefined
					? ""
					: `${service} is no longer in this fleet; whoever runs its model here again starts with these settings.`}
			</Text>
		);
	const isApplied = isStartedSince(found, foundAt, fleet.dataUpdatedAt);
	const isBusy = isMoving(found) || act.isPending;
	return (
		<>
			<FailureAlert error={act.error} title="The service was not restarted" />
			{isApplied && !isBusy ? (
				<Alert color="teal" title="In use" role="status">
					<Text size="sm">
						Every replica of{" "}
						<TextLink
							to="/fleet/$service"
							params={{ service }}
							inherit
							underline="always"
						>
							{service}
						</TextLink>{" "}
						started after this was found, and runs with it.
					</Text>
				</Alert>
			) : (
				<Group gap="md">
					{mayAdmin && (
						<Button
							leftSection={<RestartIcon size={16} />}
							loading={isBusy}
							onClick={() => act.mutate({ name: service, action: "restart" })}
						>
							Apply to {service}
						</Button>
					)}
					<Text size="sm" c="dimmed" role="status">
						{isBusy
							? "A new replica gets ready; the old one answers until then."
							: "Kept for the service's next start. Applying restarts it now: a new replica is ready before the old one goes."}
					</Text>
				</Group>
			)}
		</>
	);
}
