import { Button, Group, Select, Stack, Text, Textarea } from "@mantine/core";
import type { Settings } from "../logic/settings.ts";
import { exampleTools, parseTools } from "../logic/tools.ts";
import classes from "./settings.module.css";

interface ToolsEditorProps {
	settings: Settings;
	onChange: (change: Partial<Settings>) => void;
}

/** The functions a model may call, as JSON, checked while it is typed. */
export function ToolsEditor({ settings, onChange }: ToolsEditorProps) {
	const { names, problems } = parseTools(settings.tools);
	return (
		<Stack gap="xs">
			<Textarea
				label="Functions"
				description="A JSON list in OpenAI's form. You play the functions: a call shows in the chat with a place for its result."
				placeholder='[{"type": "function", "function": {"name": ...}}]'
				autosize
				minRows={4}
				maxRows={18}
				spellCheck={false}
				classNames={{ input: classes.code ?? "" }}
				value={settings.tools}
				error={problems[0]?.message}
				onChange={({ currentTarget }) =>
					onChange({ tools: currentTarget.value })
				}
			/>
			<Group gap="xs">
				{settings.tools.trim() === "" ? (
					<Button
						variant="default"
						size="compact-xs"
						onClick={() => onChange({ tools: exampleTools })}
					>
						Insert an example
					</Button>
				) : (
					<Button
						variant="subtle"
						color="gray"
						size="compact-xs"
						onClick={() => onChange({ tools: "", toolChoice: "auto" })}
					>
						Remove tools
					</Button>
				)}
				{problems.length === 0 && names.length > 0 && (
					<Text size="xs" c="dimmed">
						{names.join(", ")}
					</Text>
				)}
			</Group>
			{names.length > 0 && (
				<Select
					label="When to call"
					size="xs"
					allowDeselect={false}
					data={[
						{ value: "auto", label: "The model decides" },
						{ value: "required", label: "Always call one" },
						{ value: "none", label: "Never" },
						...names
							.filter((name) => !["auto", "required", "none"].includes(name))
							.filter((name, index, all) => all.indexOf(name) === index)
							.map((name) => ({ value: name, label: `Always call ${name}` })),
					]}
					value={settings.toolChoice}
					onChange={(value) => onChange({ toolChoice: value ?? "auto" })}
				/>
			)}
		</Stack>
	);
}
