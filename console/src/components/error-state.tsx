import { Button } from "@mantine/core";
import { ApiError } from "../api/api-error.ts";
import { EmptyState } from "./empty-state.tsx";
import {
	AlertIcon,
	LockIcon,
	OfflineIcon,
	RestartIcon,
	SearchIcon,
} from "./icons.tsx";

interface ErrorStateProps {
	error: unknown;
	onRetry?: () => void;
	compact?: boolean;
}

/** What went wrong, in the gateway's words, and the way on. */
export function ErrorState({
	error,
	onRetry,
	compact = false,
}: ErrorStateProps) {
	const { icon, title, description } = describeError(error);
	return (
		<div role="alert">
			<EmptyState
				icon={icon}
				title={title}
				description={description}
				compact={compact}
			>
				{onRetry !== undefined && (
					<Button
						variant="default"
						size={compact ? "xs" : "sm"}
						leftSection={<RestartIcon size={16} />}
						onClick={onRetry}
					>
						Try again
					</Button>
				)}
			</EmptyState>
		</div>
	);
}

/** An error as a title and a sentence; also for alerts and notices. */
export function describeError(error: unknown) {
	if (!(error instanceof ApiError))
		return {
			icon: AlertIcon,
			title: "The console met an error",
			description: error instanceof Error ? error.message : String(error),
		};
	if (error.isOffline)
		return {
			icon: OfflineIcon,
			title: "The gateway can't be reached",
			description:
				"It may be restarting, or the network is down. This page goes on by itself once it answers again.",
		};
	if (error.status === 401)
		return {
			icon: LockIcon,
			title: "This needs a key",
			description: error.message,
		};
	if (error.status === 403)
		return {
			icon: LockIcon,
			title: "Your key may not see this",
			description: error.message,
		};
	if (error.status === 404 || error.status === 405)
		return {
			icon: SearchIcon,
			title: "Not found on this gateway",
			description: error.message,
		};
	if (error.status >= 500)
		return {
			icon: AlertIcon,
			title: "That could not be done",
			description: error.message,
		};
	return {
		icon: AlertIcon,
		title: "The gateway refused",
		description: error.message,
	};
}
