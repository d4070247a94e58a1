import {
	Accordion,
	Badge,
	Button,
	Group,
	NumberInput,
	Stack,
	Switch,
	Text,
	Textarea,
	Title,
} from "@mantine/core";
import { memo } from "react";
import { RestartIcon } from "../../components/icons.tsx";
import {
	type Parameter,
	parameterGroups,
	parameters,
} from "../logic/parameter-table.ts";
import { withParameter } from "../logic/parameters.ts";
import { defaultSettings, type Settings } from "../logic/settings.ts";
import { OutputEditor } from "./output-editor.tsx";
import { ParameterField } from "./parameter-field.tsx";
import { ToolsEditor } from "./tools-editor.tsx";

interface SettingsPanelProps {
	settings: Settings;
	onChange: (change: Partial<Settings>) => void;
	/** Chats have a system prompt and tools. */
	isChat: boolean;
	/** Where many columns share one. */
	hasSystem?: boolean;
}

/** Everything that can be said about how a model answers. It is large: it is not drawn again with each token. */
export const SettingsPanel = memo(function SettingsPanel({
	settings,
	onChange,
	isChat,
	hasSystem = isChat,
}: SettingsPanelProps) {
	const shown = parameters.filter(
		({ isChatOnly }) => isChat || isChatOnly !== true,
	);
	return (
		<Stack gap="sm">
			<Group justify="space-between">
				<Title order={2} size="h5">
					All settings
				</Title>
				<Button
					variant="subtle"
					color="gray"
					size="compact-xs"
					leftSection={<RestartIcon size={14} />}
					onClick={() =>
						onChange({ ...defaultSettings, model: settings.model })
					}
				>
					Reset all
				</Button>
			</Group>
			{hasSystem && (
				<Textarea
					label="System prompt"
					description="Who the model is and how it answers; told before everything else."
					autosize
					minRows={2}
					maxRows={12}
					value={settings.system}
					onChange={({ currentTarget }) =>
						onChange({ system: currentTarget.value })
					}
				/>
			)}
			<Accordion multiple defaultValue={["Randomness"]} variant="default">
				{parameterGroups.map((group) => (
					<ParameterGroupItem
						key={group}
						title={group}
						parameters={shown.filter((one) => one.group === group)}
						settings={settings}
						onChange={onChange}
					/>
				))}
				{isChat && (
					<SettingsItem
						title="Tools"
						badge={settings.tools.trim() === "" ? null : "on"}
					>
						<ToolsEditor settings={settings} onChange={onChange} />
					</SettingsItem>
				)}
				<SettingsItem
					title="Form of the answer"
					badge={settings.outputKind === "text" ? null : "on"}
				>
					<OutputEditor settings={settings} onChange={onChange} />
				</SettingsItem>
				<SettingsItem
					title="Probabilities"
					badge={settings.logprobs === null ? null : "on"}
				>
					<LogprobFields settings={settings} onChange={onChange} />
				</SettingsItem>
			</Accordion>
		</Stack>
	);
});

function ParameterGroupItem({
	title,
	parameters: members,
	settings,
	onChange,
}: {
	title: string;
	parameters: readonly Parameter[];
	settings: Settings;
	onChange: SettingsPanelProps["onChange"];
}) {
	const set = members.filter(({ name }) => name in settings.parameters).length;
	return (
		<SettingsItem title={title} badge={set === 0 ? null : `${set} set`}>
			{members.map((parameter) => (
				<ParameterField
					key={parameter.name}
					parameter={parameter}
					value={settings.parameters[parameter.name]}
					onChange={(value) =>
						onChange({
							parameters: withParameter(
								settings.parameters,
								parameter.name,
								value,
							),
						})
					}
				/>
			))}
		</SettingsItem>
	);
}

function SettingsItem({
	title,
	badge,
	children,
}: {
	title: string;
	badge: string | null;
	children: React.ReactNode;
}) {
	return (
		<Accordion.Item value={title}>
			<Accordion.Control px={4}>
				<Group gap="xs">
					<Text size="sm" fw={600}>
						{title}
					</Text>
					{badge !== null && <Badge size="sm">{badge}</Badge>}
				</Group>
			</Accordion.Control>
			<Accordion.Panel>{children}</Accordion.Panel>
		</Accordion.Item>
	);
}

function LogprobFields({
	settings,
	onChange,
}: Pick<SettingsPanelProps, "settings" | "onChange">) {
	const { logprobs } = settings;
	return (
		<Stack gap="xs">
			<Switch
				label="Ask how likely each token was"
				description="Answers then have a view that colours their tokens."
				checked={logprobs !== null}
				onChange={({ currentTarget }) =>
					onChange({ logprobs: currentTarget.checked ? 5 : null })
				}
			/>
			{logprobs !== null && (
				<NumberInput
					label="Alternatives shown for each"
					size="xs"
					min={0}
					max={20}
					allowDecimal={false}
					value={logprobs}
					onChange={(value) =>
						typeof value === "number" && onChange({ logprobs: value })
					}
				/>
			)}
		</Stack>
	);
}
