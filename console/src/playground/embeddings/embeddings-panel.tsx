import {
	Button,
	Group,
	NumberInput,
	Select,
	Stack,
	Text,
	Textarea,
	VisuallyHidden,
} from "@mantine/core";
import { useRef } from "react";
import { PlayIcon, StopIcon } from "../../components/icons.tsx";
import { formatCount, formatMs } from "../../components/quantities.ts";
import { FailureNotice } from "../failure-notice.tsx";
import { readEmbeddings } from "../logic/encoder-answers.ts";
import { toEmbeddingRequest, toLines } from "../logic/request-body.ts";
import type { PanelContent } from "../logic/session-file.ts";
import { ModelSelect } from "../models/model-select.tsx";
import { CodeAction, PanelFrame } from "../panel-frame.tsx";
import type { PanelViewProps } from "../panel-host.tsx";
import { useRequest } from "../use-request.ts";
import { useStopOnEscape } from "../use-stop-on-escape.ts";
import { EmbeddingResults } from "./embedding-results.tsx";

const mostTexts = 200;

const example = [
	"The cat sleeps on the sofa.",
	"A kitten naps on the couch.",
	"Interest rates rose again this month.",
	"The central bank made borrowing more expensive.",
	"How do I bake sourdough bread?",
	"A recipe for a loaf with wild yeast.",
].join("\n");

/** Texts as vectors: how alike they are, and where they lie on a map. */
export function EmbeddingsPanel({
	content,
	update,
	models,
	actions,
}: PanelViewProps<"embeddings">) {
	const { model, texts, inputType, dimensions } = content;
	const asked = useRef<readonly string[]>([]);
	const { state, run, stop, isRunning } = useRequest("/v1/embeddings", (body) =>
		readEmbeddings(body, asked.current),
	);
	useStopOnEscape(isRunning, stop);
	const plan = () => toEmbeddingRequest(model, content);
	const lines = toLines(texts);
	const canRun =
		!isRunning && plan().problems.length === 0 && lines.length <= mostTexts;
	const start = () => {
		asked.current = lines;
		void run({ model, ...plan().body });
	};
	const change = (some: Partial<PanelContent["embeddings"]>) =>
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
					<CodeAction task="embeddings" plan={plan} />
				</>
			}
			settings={null}
		>
			<Stack gap="md">
				<Textarea
					label="Texts"
					description={`One a line, up to ${mostTexts}. Control and Enter starts.`}
					autosize
					minRows={6}
					maxRows={16}
					value={texts}
					error={
						lines.length > mostTexts
							? `These are ${lines.length} texts: ${mostTexts} can be compared at once.`
							: undefined
					}
					onChange={({ currentTarget }) =>
						change({ texts: currentTarget.value })
					}
					onKeyDown={(event) => {
						if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey))
							return;
						event.preventDefault();
						if (canRun) start();
					}}
				/>
				<Group align="flex-end" gap="sm">
					<Select
						label="The texts are"
						w={170}
						data={[
							{ value: "passage", label: "Passages" },
							{ value: "query", label: "Questions" },
						]}
						value={inputType}
						placeholder="not said"
						clearable
						onChange={(value) =>
							change({ inputType: value as typeof inputType })
						}
					/>
					<NumberInput
						label="Dimensions"
						w={130}
						min={1}
						allowDecimal={false}
						placeholder="all"
						value={dimensions ?? ""}
						onChange={(value) =>
							change({ dimensions: typeof value === "number" ? value : null })
						}
					/>
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
							Embed
						</Button>
					)}
					{texts === "" && (
						<Button
							variant="default"
							onClick={() => change({ texts: example })}
						>
							Insert an example
						</Button>
					)}
				</Group>
				{state.phase === "failed" && (
					<FailureNotice failure={state.failure} onRetry={start} />
				)}
				{state.phase === "done" && (
					<>
						<Text size="sm" c="dimmed" className="galley-numbers">
							{state.answer.vectors.length} vectors of{" "}
							{formatCount(state.answer.vectors[0]?.length)} dimensions in{" "}
							{formatMs(state.ms)}
							{state.answer.usage !== null &&
								`, ${formatCount(state.answer.usage.promptTokens)} tokens`}
						</Text>
						<EmbeddingResults answer={state.answer} />
					</>
				)}
				<VisuallyHidden role="status">
					{isRunning ? "Embedding" : state.phase === "done" ? "Done" : ""}
				</VisuallyHidden>
			</Stack>
		</PanelFrame>
	);
}
