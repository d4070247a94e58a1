import {
	Badge,
	Button,
	Card,
	Group,
	Stack,
	Text,
	Textarea,
} from "@mantine/core";
import { useState } from "react";
import { CodeBlock } from "../../components/code-block.tsx";
import { ToolIcon } from "../../components/icons.tsx";
import { parseJson } from "../logic/json-text.ts";
import type { WireToolCall } from "../logic/wire.ts";

interface ToolCallsProps {
	calls: readonly WireToolCall[];
	/** Where results are waited for. */
	onResults?: ((results: readonly string[]) => void) | undefined;
}

/** What the model wants to know, and a place to say it: here a person plays the functions. */
export function ToolCalls({ calls, onResults }: ToolCallsProps) {
	const [results, setResults] = useState<Readonly<Record<number, string>>>({});
	return (
		<Stack gap="xs">
			{calls.map((call, index) => (
				<Card
					// biome-ignore lint/suspicious/noArrayIndexKey: calls only ever grow at the end
					key={index}
					padding="sm"
				>
					<Group gap="xs" mb="xs">
						<ToolIcon size={16} />
						<Text size="sm" fw={600}>
							{call.function.name}
						</Text>
						<Badge size="sm" color="violet">
							tool call
						</Badge>
					</Group>
					<CodeBlock
						code={prettyArguments(call.function.arguments)}
						language="json"
						label={`Arguments of ${call.function.name}`}
						maxHeight={240}
					/>
					{onResults !== undefined && (
						<Textarea
							mt="xs"
							label={`Result of ${call.function.name}`}
							placeholder='{"temperature": 21}'
							autosize
							minRows={2}
							maxRows={8}
							value={results[index] ?? ""}
							onChange={({ currentTarget }) => {
								const { value } = currentTarget;
								setResults((current) => ({ ...current, [index]: value }));
							}}
						/>
					)}
				</Card>
			))}
			{onResults !== undefined && (
				<Button
					size="xs"
					style={{ alignSelf: "flex-start" }}
					disabled={calls.some((_, index) => !results[index]?.trim())}
					onClick={() =>
						onResults(calls.map((_, index) => results[index] ?? ""))
					}
				>
					{calls.length === 1 ? "Send the result" : "Send the results"}
				</Button>
			)}
		</Stack>
	);
}

function prettyArguments(text: string): string {
	const value = parseJson(text);
	return typeof value === "string"
		? text
		: JSON.stringify(value.parsed, null, 2);
}
