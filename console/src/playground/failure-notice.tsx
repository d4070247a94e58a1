import { Alert, Button, Code, Group, Text } from "@mantine/core";
import { useEffect, useState } from "react";
import { AlertIcon, OfflineIcon, RestartIcon } from "../components/icons.tsx";
import type { Failure } from "./logic/answer.ts";

interface FailureNoticeProps {
	failure: Failure;
	onRetry?: (() => void) | undefined;
}

/** Why there is no answer: the message, the field it names, and when to try again. */
export function FailureNotice({ failure, onRetry }: FailureNoticeProps) {
	const { message, field, status, retryAfterSeconds } = failure;
	const isBusy = status === 429 || status === 503;
	return (
		<Alert
			role="alert"
			color={isBusy ? "yellow" : "red"}
			icon={status === 0 ? <OfflineIcon size={18} /> : <AlertIcon size={18} />}
			title={titleOf(failure)}
		>
			<Text size="sm" style={{ overflowWrap: "anywhere" }}>
				{message}
			</Text>
			<Group gap="xs" mt={onRetry || field ? "xs" : 0}>
				{field !== null && (
					<Text size="sm">
						Field: <Code>{field}</Code>
					</Text>
				)}
				{onRetry !== undefined && (
					<RetryButton
						key={retryAfterSeconds}
						seconds={isBusy ? (retryAfterSeconds ?? 0) : 0}
						onRetry={onRetry}
					/>
				)}
			</Group>
		</Alert>
	);
}

function titleOf({ status, retryAfterSeconds }: Failure): string {
	const wait =
		retryAfterSeconds === null
			? ""
			: `: try again in ${Math.ceil(retryAfterSeconds)} s`;
	switch (status) {
		case 0:
			return "No connection";
		case 401:
		case 403:
			return "Your key may not do this";
		case 404:
			return "Not served here";
		case 429:
			return `Too many requests${wait}`;
		case 503:
			return `Not ready${wait}`;
		case 504:
			return "Too late";
		case 200:
			return "The answer broke off";
		default:
			return status < 500 ? "The request was refused" : "The server failed";
	}
}

/** Counts down to when trying again makes sense; nobody has to wait for it. */
function RetryButton({
	seconds,
	onRetry,
}: {
	seconds: number;
	onRetry: () => void;
}) {
	const [left, setLeft] = useState(Math.ceil(seconds));
	useEffect(() => {
		if (left <= 0) return;
		const timer = setTimeout(() => setLeft(left - 1), 1000);
		return () => clearTimeout(timer);
	}, [left]);
	return (
		<Button
			variant="default"
			size="compact-sm"
			leftSection={<RestartIcon size={14} />}
			onClick={onRetry}
		>
			Try again{left > 0 ? ` (${left} s)` : ""}
		</Button>
	);
}
