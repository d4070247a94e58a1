import { Alert, Code, Modal, Stack, Text } from "@mantine/core";
import { baseUrl, useSession } from "../api/client.ts";
import { CodeTabs } from "../components/code-tabs.tsx";
import {
	type CodeTask,
	requestCode,
	withoutLongImages,
} from "../components/request-code.ts";
import type { RequestPlan } from "./logic/request-body.ts";

interface CodeModalProps {
	task: CodeTask;
	plan: RequestPlan;
	onClose: () => void;
}

/** The request as it would be sent, in four languages. */
export function CodeModal({ task, plan, onClose }: CodeModalProps) {
	const { session } = useSession();
	const withKey = session?.keysRequired ?? false;
	const { body, isShortened } = withoutLongImages(plan.body);
	const samples = requestCode({
		url: baseUrl(),
		task,
		model: plan.model,
		body,
		withKey,
	});
	const [problem] = plan.problems;
	return (
		<Modal
			opened
			onClose={onClose}
			size="xl"
			title="This request as code"
			closeButtonProps={{ "aria-label": "Close" }}
		>
			<Stack gap="sm">
				{problem !== undefined && (
					<Alert color="yellow" title="Not complete yet">
						{problem.message}
					</Alert>
				)}
				<CodeTabs samples={samples} withKey={withKey} maxHeight={460} />
				{isShortened && (
					<Text size="sm" c="dimmed">
						Pictures are shortened here to <Code>...</Code>: put your own in
						their place, as base64.
					</Text>
				)}
			</Stack>
		</Modal>
	);
}
