import { Code, Stack, Tabs, Text } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { baseUrl, useSession } from "../api/client.ts";
import { CodeBlock } from "./code-block.tsx";
import { codeSamples, type SampleTask } from "./sample-code.ts";

interface CodeSamplesProps {
	model: string;
	task: SampleTask;
	/** The request's body without the model; a plain example of the task where none is given. */
	body?: Readonly<Record<string, unknown>>;
	maxHeight?: number;
}

/** One request in the ways people send it: curl, Python, JavaScript, LangChain; filled in and ready to run. */
export function CodeSamples({
	model,
	task,
	body,
	maxHeight,
}: CodeSamplesProps) {
	const { session } = useSession();
	const [language, setLanguage] = useLocalStorage({
		key: "galley.sample-language",
		defaultValue: "curl",
	});
	const withKey = session?.keysRequired ?? false;
	const samples = codeSamples({ url: baseUrl(), model, task, withKey, body });
	const shown = samples.some(({ id }) => id === language) ? language : "curl";
	return (
		<Tabs
			value={shown}
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
							label={`${title} sample`}
							{...(maxHeight === undefined ? {} : { maxHeight })}
						/>
					</Stack>
				</Tabs.Panel>
			))}
			{withKey && (
				<Text size="sm" c="dimmed" mt="xs">
					The sample reads the key from <Code>GALLEY_API_KEY</Code>.
				</Text>
			)}
		</Tabs>
	);
}
