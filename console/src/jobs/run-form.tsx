import { Button, Group, Modal, Stack } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { type JobKind, useJobActions } from "../api/job-queries.ts";
import { FailureAlert } from "../components/failure-alert.tsx";
import { runPaths } from "./run-paths.ts";

export interface RunFormProps {
	isOpen: boolean;
	onClose: () => void;
	/** Chosen before the form was opened. */
	model?: string | undefined;
}

/** Starts a run and opens its page. */
export function useStartRun<K extends JobKind>(kind: K, onClose: () => void) {
	const navigate = useNavigate();
	const { start } = useJobActions(kind, (id) => {
		onClose();
		void navigate({ to: runPaths[kind].one, params: { id } });
	});
	return {
		error: start.error,
		isPending: start.isPending,
		start: start.mutate,
	};
}

interface RunDialogProps {
	title: string;
	isOpen: boolean;
	onClose: () => void;
	onSubmit: () => void;
	canSubmit: boolean;
	isPending: boolean;
	error: unknown;
	size?: string;
	children: ReactNode;
}

/** The dialog around the fields of a new run. */
export function RunDialog({
	title,
	isOpen,
	onClose,
	onSubmit,
	canSubmit,
	isPending,
	error,
	size = "lg",
	children,
}: RunDialogProps) {
	return (
		<Modal
			opened={isOpen}
			onClose={onClose}
			title={title}
			size={size}
			closeButtonProps={{ "aria-label": "Close" }}
		>
			<form
				onSubmit={(event) => {
					event.preventDefault();
					if (canSubmit) onSubmit();
				}}
			>
				<Stack gap="md">
					{children}
					<FailureAlert error={error} title="It was not started" />
					<Group justify="flex-end" gap="xs">
						<Button variant="default" onClick={onClose}>
							Cancel
						</Button>
						<Button type="submit" loading={isPending} disabled={!canSubmit}>
							Start
						</Button>
					</Group>
				</Stack>
			</form>
		</Modal>
	);
}
