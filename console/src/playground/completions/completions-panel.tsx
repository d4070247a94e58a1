import {
	Card,
	Group,
	SegmentedControl,
	Stack,
	Switch,
	Text,
	VisuallyHidden,
} from "@mantine/core";
import { useCallback, useState } from "react";
import { CopyButton } from "../../components/copy-button.tsx";
import { AnswerFigures } from "../answer-figures.tsx";
import { Waiting } from "../chat/answer-turn.tsx";
import chatClasses from "../chat/chat.module.css";
import { TokenView } from "../chat/token-view.tsx";
import { FailureNotice } from "../failure-notice.tsx";
import { type Answer, isRunning } from "../logic/answer.ts";
import { withoutControls } from "../logic/display-text.ts";
import { toCompletionRequest } from "../logic/request-body.ts";
import { withRecommended } from "../logic/session-content.ts";
import { countChanges, type Settings } from "../logic/settings.ts";
import { LongTextField } from "../long-text-field.tsx";
import { ModelSelect } from "../models/model-select.tsx";
import { CodeAction, PanelFrame } from "../panel-frame.tsx";
import type { PanelViewProps } from "../panel-host.tsx";
import pageClasses from "../playground.module.css";
import { RunButton } from "../run-button.tsx";
import { SettingsPanel } from "../settings/settings-panel.tsx";
import { useGeneration } from "../use-generation.ts";
import { useStopOnEscape } from "../use-stop-on-escape.ts";
import classes from "./completions.module.css";

/** Text that a model goes on with: no turns, no template. */
export function CompletionsPanel({
	content,
	update,
	models,
	actions,
}: PanelViewProps<"completions">) {
	const { settings, prompt, suffix, echo, answer, asked } = content;
	const { ask, stop } = useGeneration();
	const running = answer !== null && isRunning(answer);
	useStopOnEscape(running, stop);

	const plan = () => toCompletionRequest(settings, content);
	const [problem] = plan().problems;
	const canRun = !running && problem === undefined && prompt !== "";
	const run = () => {
		if (!canRun) return;
		const { model, body } = plan();
		// An echoed prompt comes back with the answer.
		const around = { prompt: echo ? "" : prompt, suffix };
		void ask({
			path: "/v1/completions",
			model,
			body,
			onAnswer: (next) =>
				update((current) => ({ ...current, answer: next, asked: around })),
		});
	};
	const change = useCallback(
		(some: Partial<Settings>) =>
			update((current) => ({
				...current,
				settings: { ...current.settings, ...some },
			})),
		[update],
	);

	return (
		<PanelFrame
			model={
				<ModelSelect
					models={models}
					value={settings.model}
					onChange={(model) => change(withRecommended(settings, model, models))}
				/>
			}
			actions={
				<>
					{actions}
					<CodeAction task="completions" plan={plan} />
				</>
			}
			settings={
				<SettingsPanel settings={settings} onChange={change} isChat={false} />
			}
			changes={countChanges(settings)}
		>
			<Stack gap="md">
				<LongTextField
					label="Prompt"
					description="The model goes on where this ends. Control and Enter starts."
					className={pageClasses.mono ?? ""}
					maxRows={18}
					value={prompt}
					onText={(text) => update((current) => ({ ...current, prompt: text }))}
					onSend={run}
				/>
				<LongTextField
					label="Suffix"
					description="For models trained to fill in the middle: what comes after."
					className={pageClasses.mono ?? ""}
					minRows={1}
					maxRows={8}
					value={suffix}
					onText={(text) => update((current) => ({ ...current, suffix: text }))}
					onSend={run}
				/>
				<Group gap="md">
					<RunButton
						verb="Complete"
						isRunning={running}
						canRun={canRun}
						onRun={run}
						onStop={stop}
					/>
					<Switch
						label="Echo the prompt"
						checked={echo}
						onChange={({ currentTarget: { checked } }) =>
							update((current) => ({ ...current, echo: checked }))
						}
					/>
					{problem !== undefined && (
						<Text size="sm" c="red">
							{problem.message}
						</Text>
					)}
				</Group>
				{answer !== null && (
					<Completion
						answer={answer}
						asked={asked}
						onRetry={running ? undefined : run}
					/>
				)}
				<VisuallyHidden role="status">
					{answer === null ? "" : running ? "Writing" : "The text is complete"}
				</VisuallyHidden>
			</Stack>
		</PanelFrame>
	);
}

function Completion({
	answer,
	asked,
	onRetry,
}: {
	answer: Answer;
	asked: { prompt: string; suffix: string };
	onRetry: (() => void) | undefined;
}) {
	const [view, setView] = useState("Text");
	const { text, logprobs, failure } = answer;
	const views = ["Text", ...(logprobs.length > 0 ? ["Tokens"] : [])];
	return (
		<Card component="section" padding="md" aria-label="Completion">
			<Stack gap="sm">
				{view === "Tokens" && logprobs.length > 0 ? (
					<TokenView logprobs={logprobs} />
				) : (
					// biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
					<pre tabIndex={0} className={chatClasses.raw}>
						<span className={classes.given}>{asked.prompt}</span>
						<mark className={classes.written}>{withoutControls(text)}</mark>
						<span className={classes.given}>{asked.suffix}</span>
					</pre>
				)}
				{isRunning(answer) && text === "" && <Waiting />}
				{failure !== null && (
					<FailureNotice failure={failure} onRetry={onRetry} />
				)}
				{!isRunning(answer) && (
					<Group gap="xs">
						<CopyButton value={text} label="Copy completion" />
						{views.length > 1 && (
							<SegmentedControl
								size="xs"
								aria-label="How the completion is shown"
								data={views}
								value={view}
								onChange={setView}
							/>
						)}
						<AnswerFigures answer={answer} />
					</Group>
				)}
			</Stack>
		</Card>
	);
}
