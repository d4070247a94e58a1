import { Badge } from "@mantine/core";
import type { FleetLive } from "../live/use-fleet-live.ts";

/** Whether what is shown moves. */
export function LiveBadge({ live }: { live: FleetLive }) {
	if (live.error !== null) return <Badge color="gray">No live figures</Badge>;
	return (
		<Badge
			color={
				live.status === "live"
					? "teal"
					: live.status === "lost"
						? "orange"
						: "gray"
			}
			role="status"
		>
			{live.status === "live"
				? "Live"
				: live.status === "lost"
					? "Reconnecting"
					: "Connecting"}
		</Badge>
	);
}
