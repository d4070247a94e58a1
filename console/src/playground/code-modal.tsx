import { Alert, Code, Modal, Stack, Tabs, Text } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { baseUrl, useSession } from "../api/client.ts";
import { CodeBlock } from "../components/code-block.tsx";
import type { RequestPlan } from "./logic/request-body.ts";
import {
	type CodeTask,
	requestCode,
	withoutLongImages,
} from "./logic/request-code.ts";

interface CodeModalProps {
	task: CodeTask;
	plan: RequestPlan;
	onClose: () => void;
}

/** The request as it would be sent, in four languages. */
export function CodeModal({ task, plan, onClose }: CodeModalProps) {
	const { session } = useSession();
	const [language, setLanguage] = useLocalStorage({
		key: "galley.sample-language",
		defaultValue: "curl",
	});
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
				<Tabs
					value={samples.some(({ id }) => id === language) ? language : "curl"}
					onChange={(value) => setLanguage(value ?? "curl")}
					keepMounted={false}
				>
					<Tabs.List mb="sm">
						{samples.map(({ id, title }) => (
							<Tabs.Tab key={id} value={id}>
								{title}
							</Tabs.Tab>
						))}
					</Tabs.List>
					{samples.map(({ id, title, language: syntax, install, code }) => (
						<Tabs.Panel key={id} value={id}>
							<Stack gap="xs">
								{install !== null && (
									<Text size="sm" c="dimmed">
										First: <Code>{install}</Code>
									</Text>
								)}
								<CodeBlock
									code={code}
									language={syntax}
									label={`${title} code`}
									maxHeight={460}
								/>
							</Stack>
						</Tabs.Panel>
					))}
				</Tabs>
				{isShortened && (
					<Text size="sm" c="dimmed">
						Pictures are shortened here to <Code>...</Code>: put your own in
						their place, as base64.
					</Text>
				)}
				{withKey && (
					<Text size="sm" c="dimmed">
						The key is read from <Code>GALLEY_API_KEY</Code>.
					</Text>
				)}
			</Stack>
		</Modal>
	);
}
