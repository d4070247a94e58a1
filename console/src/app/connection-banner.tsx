import { Alert } from "@mantine/core";
import { ApiError, useSession } from "../api/client.ts";
import { OfflineIcon } from "../components/icons.tsx";

/** Says so when the gateway has stopped answering; what is shown is what was last known. */
export function ConnectionBanner() {
	const { error } = useSession();
	const isOffline = error instanceof ApiError && error.isOffline;
	return (
		<div aria-live="polite">
			{isOffline && (
				<Alert
					color="orange"
					radius={0}
					icon={<OfflineIcon />}
					title="The gateway can't be reached"
				>
					You see what was last known. The page goes on by itself once the
					gateway answers again.
				</Alert>
			)}
		</div>
	);
}
