import {
	ActionIcon,
	Badge,
	Group,
	SegmentedControl,
	Stack,
	Text,
	Tooltip,
} from "@mantine/core";
import { useState } from "react";
import { CopyButton } from "../../components/copy-button.tsx";
import { RestartIcon } from "../../components/icons.tsx";
import { AnswerFigures } from "../answer-figures.tsx";
import { FailureNotice } from "../failure-notice.tsx";
import { type Answer, isRunning } from "../logic/answer.ts";
import { isJsonAnswer } from "../logic/output-format.ts";
import type { OutputKind } from "../logic/settings.ts";
import { AnswerText } from "./answer-text.tsx";
import classes from "./chat.module.css";
import { ForkSwitch } from "./fork-switch.tsx";
import { TokenView } from "./token-view.tsx";
import { ToolCalls } from "./tool-calls.tsx";

interface AnswerTurnProps {
	answer: Answer;
	form: OutputKind;
	place: number;
	siblings: number;
	onChoose: (place: number) => void;
	/** Null while something is on its way. */
	onRetry: (() => void) | null;
	onResults: ((results: readonly string[]) => void) | null;
}

export function AnswerTurn({
	answer,
	form,
	place,
	siblings,
	onChoose,
	onRetry,
	onResults,
}: AnswerTurnProps) {
	const [view, setView] = useState("Text");
	const { text, reasoning, calls, failure, logprobs, model } = answer;
	const running = isRunning(answer);
	const views = ["Text", "Raw", ...(logprobs.length > 0 ? ["Tokens"] : [])];
	const shown = views.includes(view) ? view : "Text";
	const isJson = running || text === "" ? null : isJsonAnswer(form, text);
	return (
		<article className={classes.turn} aria-label={`Answer of ${model}`}>
			<Stack gap="xs">
				<Group gap="xs">
					<Text size="sm" fw={600}>
						{model}
					</Text>
					{isJson !== null && (
						<Badge size="sm" color={isJson ? "teal" : "yellow"}>
							{isJson ? "valid JSON" : "no valid JSON"}
						</Badge>
					)}
				</Group>
				{reasoning !== "" && <Thought text={reasoning} isOpen={text === ""} />}
				<AnswerBody answer={answer} view={shown} form={form} />
				{running && text === "" && calls.length === 0 && <Waiting />}
				{calls.length > 0 && (
					<ToolCalls calls={calls} onResults={onResults ?? undefined} />
				)}
				{failure !== null && (
					<FailureNotice failure={failure} onRetry={onRetry ?? undefined} />
				)}
				{answer.state === "stopped" && text === "" && calls.length === 0 && (
					<Text size="sm" c="dimmed">
						Stopped before anything came.
					</Text>
				)}
				{!running && (
					<Group gap="4px var(--mantine-spacing-xs)">
						{text !== "" && <CopyButton value={text} label="Copy answer" />}
						{onRetry !== null && (
							<Tooltip label="Answer again">
								<ActionIcon
									variant="subtle"
									color="gray"
									aria-label="Answer again"
									onClick={onRetry}
								>
									<RestartIcon size={16} />
								</ActionIcon>
							</Tooltip>
						)}
						<ForkSwitch
							what="answer"
							place={place}
							count={siblings}
							onChoose={onChoose}
						/>
						{text !== "" && (
							<SegmentedControl
								size="xs"
								aria-label="How the answer is shown"
								data={views}
								value={shown}
								onChange={setView}
							/>
						)}
						<AnswerFigures answer={answer} />
					</Group>
				)}
			</Stack>
		</article>
	);
}

function AnswerBody({
	answer: { text, logprobs },
	view,
	form,
}: {
	answer: Answer;
	view: string;
	form: OutputKind;
}) {
	if (view === "Tokens") return <TokenView logprobs={logprobs} />;
	if (text === "") return null;
	const raw = (
		// biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
		<pre tabIndex={0} className={classes.raw}>
			{text}
		</pre>
	);
	if (view === "Raw") return raw;
	return form === "text" ? <AnswerText text={text} /> : raw;
}

function Thought({ text, isOpen }: { text: string; isOpen: boolean }) {
	return (
		<details open={isOpen}>
			<Text component="summary" size="sm" c="dimmed" mb={4}>
				Thought
			</Text>
			{/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
			<div className={classes.thought} tabIndex={0}>
				{text}
			</div>
		</details>
	);
}

export function Waiting() {
	return (
		<div className={classes.waiting} aria-hidden="true">
			<span />
			<span />
			<span />
		</div>
	);
}
