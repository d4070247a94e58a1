import { Alert } from "@mantine/core";
import { describeError } from "./error-state.tsx";
import { AlertIcon } from "./icons.tsx";

/** Why something that was asked for was not done. */
export function FailureAlert({
	error,
	title,
}: {
	error: unknown;
	title?: string;
}) {
	if (error === null || error === undefined) return null;
	const told = describeError(error);
	return (
		<Alert
			role="alert"
			color="red"
			icon={<AlertIcon />}
			title={title ?? told.title}
		>
			{told.description}
		</Alert>
	);
}
