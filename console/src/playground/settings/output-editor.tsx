import { Button, Select, Stack, Text, Textarea } from "@mantine/core";
import { exampleOutputs, toOutputFields } from "../logic/output-format.ts";
import type { OutputKind, Settings } from "../logic/settings.ts";
import classes from "./settings.module.css";

interface OutputEditorProps {
	settings: Settings;
	onChange: (change: Partial<Settings>) => void;
}

const kinds: readonly {
	value: OutputKind;
	label: string;
	about: string;
	editor: string | null;
}[] = [
	{
		value: "text",
		label: "Free text",
		about: "The model writes as it likes.",
		editor: null,
	},
	{
		value: "json_object",
		label: "Any JSON object",
		about: "Always valid JSON. Say in the prompt what should be in it.",
		editor: null,
	},
	{
		value: "json_schema",
		label: "JSON by a schema",
		about: "Always JSON that this schema allows.",
		editor: "JSON schema",
	},
	{
		value: "regex",
		label: "A pattern",
		about: "The whole answer matches this regular expression.",
		editor: "Pattern",
	},
	{
		value: "choice",
		label: "One of several texts",
		about: "The answer is one of these, one a line.",
		editor: "Choices",
	},
	{
		value: "grammar",
		label: "A grammar",
		about: "The answer follows this grammar in GBNF.",
		editor: "Grammar",
	},
];

/** What an answer must look like. The engine sees to it token by token; it is no wish in a prompt. */
export function OutputEditor({ settings, onChange }: OutputEditorProps) {
	const { outputKind, outputTexts } = settings;
	const kind = kinds.find(({ value }) => value === outputKind);
	const text = outputTexts[outputKind] ?? "";
	const example = exampleOutputs[outputKind];
	const { problems } = toOutputFields(settings);
	const type = (value: string) =>
		onChange({ outputTexts: { ...outputTexts, [outputKind]: value } });
	return (
		<Stack gap="xs">
			<Select
				label="Form"
				size="xs"
				allowDeselect={false}
				data={kinds.map(({ value, label }) => ({ value, label }))}
				value={outputKind}
				onChange={(value) =>
					onChange({ outputKind: (value ?? "text") as OutputKind })
				}
			/>
			<Text size="xs" c="dimmed">
				{kind?.about}
			</Text>
			{kind?.editor != null && (
				<Textarea
					label={kind.editor}
					autosize
					minRows={4}
					maxRows={18}
					spellCheck={false}
					classNames={{ input: classes.code ?? "" }}
					value={text}
					error={text === "" ? undefined : problems[0]?.message}
					onChange={({ currentTarget }) => type(currentTarget.value)}
				/>
			)}
			{example !== undefined && text === "" && (
				<Button
					variant="default"
					size="compact-xs"
					style={{ alignSelf: "flex-start" }}
					onClick={() => type(example)}
				>
					Insert an example
				</Button>
			)}
		</Stack>
	);
}
