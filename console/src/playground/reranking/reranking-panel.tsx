import {
	Badge,
	Button,
	Card,
	Group,
	Stack,
	Text,
	Textarea,
	TextInput,
	Title,
	VisuallyHidden,
} from "@mantine/core";
import { useRef } from "react";
import { PlayIcon, StopIcon } from "../../components/icons.tsx";
import { formatCount, formatMs } from "../../components/quantities.ts";
import { FailureNotice } from "../failure-notice.tsx";
import { type RankedPassage, readRanking } from "../logic/encoder-answers.ts";
import { toLines, toRankingRequest } from "../logic/request-body.ts";
import type { PanelContent } from "../logic/session-file.ts";
import { ModelSelect } from "../models/model-select.tsx";
import { CodeAction, PanelFrame } from "../panel-frame.tsx";
import type { PanelViewProps } from "../panel-host.tsx";
import { useRequest } from "../use-request.ts";
import { useStopOnEscape } from "../use-stop-on-escape.ts";
import classes from "./reranking.module.css";

const example = {
	query: "Why is the sea salty?",
	passages: [
		"Cats sleep for most of the day.",
		"Rivers wash minerals out of rocks and carry them into the sea.",
		"The sea is about 3.5 percent salt by weight.",
		"Water evaporates from the sea, but the salt stays behind.",
		"Salt is used to keep food from going bad.",
	].join("\n"),
};

/** Passages by how well they answer a question. */
export function RerankingPanel({
	content,
	update,
	models,
	actions,
}: PanelViewProps<"reranking">) {
	const { model, query, passages } = content;
	const asked = useRef<readonly string[]>([]);
	const { state, run, stop, isRunning } = useRequest("/v1/ranking", (body) =>
		readRanking(body, asked.current),
	);
	useStopOnEscape(isRunning, stop);
	const plan = () => toRankingRequest(model, content);
	const canRun = !isRunning && plan().problems.length === 0;
	const start = () => {
		if (!canRun) return;
		asked.current = toLines(passages);
		void run({ model, ...plan().body });
	};
	const change = (some: Partial<PanelContent["reranking"]>) =>
		update((current) => ({ ...current, ...some }));

	return (
		<PanelFrame
			model={
				<ModelSelect
					models={models}
					value={model}
					onChange={(next) => change({ model: next })}
				/>
			}
			actions={
				<>
					{actions}
					<CodeAction task="reranking" plan={plan} />
				</>
			}
			settings={null}
		>
			<Stack gap="md">
				<TextInput
					label="Question"
					value={query}
					onChange={({ currentTarget }) =>
						change({ query: currentTarget.value })
					}
					onKeyDown={(event) => {
						if (event.key === "Enter" && !event.nativeEvent.isComposing)
							start();
					}}
				/>
				<Textarea
					label="Passages"
					description="One a line. Control and Enter starts."
					autosize
					minRows={6}
					maxRows={16}
					value={passages}
					onChange={({ currentTarget }) =>
						change({ passages: currentTarget.value })
					}
					onKeyDown={(event) => {
						if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey))
							return;
						event.preventDefault();
						start();
					}}
				/>
				<Group gap="sm">
					{isRunning ? (
						<Button
							variant="default"
							leftSection={<StopIcon size={16} />}
							onClick={stop}
						>
							Stop
						</Button>
					) : (
						<Button
							leftSection={<PlayIcon size={16} />}
							disabled={!canRun}
							onClick={start}
						>
							Rank
						</Button>
					)}
					{query === "" && passages === "" && (
						<Button variant="default" onClick={() => change(example)}>
							Insert an example
						</Button>
					)}
				</Group>
				{state.phase === "failed" && (
					<FailureNotice failure={state.failure} onRetry={start} />
				)}
				{state.phase === "done" && (
					<section aria-labelledby="ranking-result">
						<Title order={2} size="h5" id="ranking-result">
							Most relevant first
						</Title>
						<Text size="sm" c="dimmed" mb="sm" className="galley-numbers">
							{state.answer.passages.length} passages in {formatMs(state.ms)}
							{state.answer.usage !== null &&
								`, ${formatCount(state.answer.usage.promptTokens)} tokens`}
						</Text>
						<ol className={classes.list}>
							{state.answer.passages.map((passage, place) => (
								<Passage key={passage.index} passage={passage} place={place} />
							))}
						</ol>
					</section>
				)}
				<VisuallyHidden role="status">
					{isRunning ? "Ranking" : state.phase === "done" ? "Done" : ""}
				</VisuallyHidden>
			</Stack>
		</PanelFrame>
	);
}

function Passage({
	passage: { index, text, logit, relevance },
	place,
}: {
	passage: RankedPassage;
	place: number;
}) {
	const moved = index - place;
	return (
		<Card component="li" padding="sm">
			<Group wrap="nowrap" align="flex-start" gap="md">
				<Text fw={650} size="lg" c="dimmed" className="galley-numbers">
					{place + 1}
				</Text>
				<Stack gap={6} flex={1} miw={0}>
					<Text size="sm" style={{ overflowWrap: "anywhere" }}>
						{text}
					</Text>
					<div className={classes.track}>
						<div
							className={classes.fill}
							style={{ width: `${relevance * 100}%` }}
						/>
					</div>
					<Group gap="xs">
						<Text size="xs" c="dimmed" className="galley-numbers">
							relevance {(relevance * 100).toFixed(1)} %, score{" "}
							{logit.toFixed(2)}
						</Text>
						{moved !== 0 && (
							<Badge size="sm" color={moved > 0 ? "teal" : "gray"}>
								{moved > 0 ? `up ${moved}` : `down ${-moved}`}
							</Badge>
						)}
					</Group>
				</Stack>
			</Group>
		</Card>
	);
}
