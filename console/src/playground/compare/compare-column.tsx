import {
	ActionIcon,
	Card,
	Drawer,
	Group,
	Indicator,
	Stack,
	Text,
	Tooltip,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { CopyButton } from "../../components/copy-button.tsx";
import { CloseIcon, SettingsIcon } from "../../components/icons.tsx";
import { AnswerFigures } from "../answer-figures.tsx";
import { AnswerText } from "../chat/answer-text.tsx";
import { Waiting } from "../chat/answer-turn.tsx";
import { ToolCalls } from "../chat/tool-calls.tsx";
import { FailureNotice } from "../failure-notice.tsx";
import { type Answer, isRunning } from "../logic/answer.ts";
import type { PlaygroundModel } from "../logic/model-choice.ts";
import type { RequestPlan } from "../logic/request-body.ts";
import { withRecommended } from "../logic/session-content.ts";
import { countChanges, type Settings } from "../logic/settings.ts";
import { ModelSelect } from "../models/model-select.tsx";
import { CodeAction } from "../panel-frame.tsx";
import { SettingsPanel } from "../settings/settings-panel.tsx";
import classes from "./compare.module.css";

interface CompareColumnProps {
	/** From 1. */
	number: number;
	settings: Settings;
	plan: () => RequestPlan;
	answer: Answer | null;
	/** What the answer is to, where that is not what the prompt says now. */
	earlierPrompt: string | null;
	models: readonly PlaygroundModel[];
	onChange: (change: Partial<Settings>) => void;
	onRetry: (() => void) | null;
	/** Null while there are only two. */
	onRemove: (() => void) | null;
}

export function CompareColumn({
	number,
	settings,
	plan,
	answer,
	earlierPrompt,
	models,
	onChange,
	onRetry,
	onRemove,
}: CompareColumnProps) {
	const [isOpen, drawer] = useDisclosure(false);
	const changes = countChanges(settings);
	const [problem] = plan().problems;
	return (
		<Card
			component="section"
			padding="sm"
			className={classes.column ?? ""}
			aria-label={`Column ${number}`}
		>
			<Stack gap="sm">
				<Group gap={6} wrap="nowrap" align="flex-start">
					<div style={{ flex: 1, minWidth: 0 }}>
						<ModelSelect
							label={`Model of column ${number}`}
							models={models}
							value={settings.model}
							onChange={(model) =>
								onChange(withRecommended(settings, model, models))
							}
						/>
					</div>
					<Indicator
						disabled={changes === 0}
						label={changes}
						size={16}
						offset={4}
					>
						<Tooltip label="Settings of this column">
							<ActionIcon
								variant="default"
								size={36}
								aria-label={`Settings of column ${number}`}
								onClick={drawer.open}
							>
								<SettingsIcon size={17} />
							</ActionIcon>
						</Tooltip>
					</Indicator>
					<CodeAction task="chat" plan={plan} />
					{onRemove !== null && (
						<Tooltip label="Remove this column">
							<ActionIcon
								variant="default"
								size={36}
								aria-label={`Remove column ${number}`}
								onClick={onRemove}
							>
								<CloseIcon size={17} />
							</ActionIcon>
						</Tooltip>
					)}
				</Group>
				{changes > 0 && (
					<Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>
						{describe(settings)}
					</Text>
				)}
				{problem !== undefined && (
					<Text size="sm" c="red">
						{problem.message}
					</Text>
				)}
				{earlierPrompt !== null && (
					<Text size="xs" c="dimmed" lineClamp={2}>
						To an earlier prompt: {earlierPrompt}
					</Text>
				)}
				<ColumnAnswer answer={answer} onRetry={onRetry} />
			</Stack>
			<Drawer
				opened={isOpen}
				onClose={drawer.close}
				position="right"
				size="min(400px, 100%)"
				title={`Column ${number}`}
				closeButtonProps={{ "aria-label": "Close settings" }}
			>
				<SettingsPanel
					settings={settings}
					onChange={onChange}
					isChat
					hasSystem={false}
				/>
			</Drawer>
		</Card>
	);
}

function ColumnAnswer({
	answer,
	onRetry,
}: {
	answer: Answer | null;
	onRetry: (() => void) | null;
}) {
	if (answer === null)
		return (
			<Text size="sm" c="dimmed" className={classes.answer ?? ""}>
				The answer comes here.
			</Text>
		);
	const { text, reasoning, calls, failure } = answer;
	const isEmpty = text === "" && calls.length === 0;
	return (
		<Stack gap="xs" className={classes.answer ?? ""}>
			{isEmpty && reasoning !== "" && (
				<Text size="sm" c="dimmed" className={classes.plain ?? ""}>
					{reasoning}
				</Text>
			)}
			{text !== "" && <AnswerText text={text} />}
			{calls.length > 0 && <ToolCalls calls={calls} />}
			{isRunning(answer) && isEmpty && <Waiting />}
			{failure !== null && (
				<FailureNotice failure={failure} onRetry={onRetry ?? undefined} />
			)}
			{!isRunning(answer) && (
				<Group gap="xs">
					{text !== "" && <CopyButton value={text} label="Copy answer" />}
					<AnswerFigures answer={answer} />
				</Group>
			)}
		</Stack>
	);
}

/** What makes this column different, in a line. */
function describe({
	parameters,
	tools,
	outputKind,
	logprobs,
}: Settings): string {
	return [
		...Object.entries(parameters).map(
			([name, value]) => `${name} ${String(value)}`,
		),
		...(tools.trim() === "" ? [] : ["tools"]),
		...(outputKind === "text" ? [] : [outputKind.replace("_", " ")]),
		...(logprobs === null ? [] : ["logprobs"]),
	].join(" · ");
}
