import {
	Badge,
	Button,
	Card,
	Group,
	Stack,
	Text,
	TextInput,
	Title,
} from "@mantine/core";
import { useRef } from "react";
import { formatCount, formatMs } from "../../components/quantities.ts";
import { EncoderFrame } from "../encoder-frame.tsx";
import { type RankedPassage, readRanking } from "../logic/encoder-answers.ts";
import { toLines, toRankingRequest } from "../logic/request-body.ts";
import type { PanelContent } from "../logic/session-file.ts";
import { LongTextField } from "../long-text-field.tsx";
import type { PanelViewProps } from "../panel-host.tsx";
import { RunButton } from "../run-button.tsx";
import { useRequest } from "../use-request.ts";
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
		<EncoderFrame
			task="reranking"
			model={model}
			models={models}
			onModel={(next) => change({ model: next })}
			actions={actions}
			plan={plan}
			state={state}
			onRetry={start}
			onStop={stop}
			doing="Ranking"
			result={(answer, ms) => (
				<section aria-labelledby="ranking-result">
					<Title order={2} size="h5" id="ranking-result">
						Most relevant first
					</Title>
					<Text size="sm" c="dimmed" mb="sm" className="galley-numbers">
						{answer.passages.length} passages in {formatMs(ms)}
						{answer.usage !== null &&
							`, ${formatCount(answer.usage.promptTokens)} tokens`}
					</Text>
					<ol className={classes.list}>
						{answer.passages.map((passage, place) => (
							<Passage key={passage.index} passage={passage} place={place} />
						))}
					</ol>
				</section>
			)}
		>
			<TextInput
				label="Question"
				value={query}
				onChange={({ currentTarget }) => change({ query: currentTarget.value })}
				onKeyDown={(event) => {
					if (event.key === "Enter" && !event.nativeEvent.isComposing) start();
				}}
			/>
			<LongTextField
				label="Passages"
				description="One a line. Control and Enter starts."
				value={passages}
				onText={(text) => change({ passages: text })}
				onSend={start}
			/>
			<Group gap="sm">
				<RunButton
					verb="Rank"
					isRunning={isRunning}
					canRun={canRun}
					onRun={start}
					onStop={stop}
				/>
				{query === "" && passages === "" && (
					<Button variant="default" onClick={() => change(example)}>
						Insert an example
					</Button>
				)}
			</Group>
		</EncoderFrame>
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
