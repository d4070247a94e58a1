import { Code, Stack, Tabs, Text } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { CodeBlock } from "./code-block.tsx";
import type { CodeSample } from "./request-code.ts";

interface CodeTabsProps {
	samples: readonly CodeSample[];
	/** The samples read a key. */
	withKey: boolean;
	maxHeight?: number | undefined;
}

/** A request in several languages, a tab each; the language is remembered. */
export function CodeTabs({ samples, withKey, maxHeight }: CodeTabsProps) {
	const [language, setLanguage] = useLocalStorage({
		key: "galley.sample-language",
		defaultValue: "curl",
	});
	return (
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
							{...(maxHeight === undefined ? {} : { maxHeight })}
						/>
					</Stack>
				</Tabs.Panel>
			))}
			{withKey && (
				<Text size="sm" c="dimmed" mt="xs">
					The key is read from <Code>GALLEY_API_KEY</Code>.
				</Text>
			)}
		</Tabs>
	);
}
