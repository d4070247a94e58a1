import { Button, Group, NumberInput, Select, Text } from "@mantine/core";
import { useRef } from "react";
import { formatCount, formatMs } from "../../components/quantities.ts";
import { EncoderFrame } from "../encoder-frame.tsx";
import { readEmbeddings } from "../logic/encoder-answers.ts";
import { toEmbeddingRequest, toLines } from "../logic/request-body.ts";
import type { PanelContent } from "../logic/session-file.ts";
import { LongTextField } from "../long-text-field.tsx";
import type { PanelViewProps } from "../panel-host.tsx";
import { RunButton } from "../run-button.tsx";
import { useRequest } from "../use-request.ts";
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
	const plan = () => toEmbeddingRequest(model, content);
	const lines = toLines(texts);
	const canRun =
		!isRunning && plan().problems.length === 0 && lines.length <= mostTexts;
	const start = () => {
		if (!canRun) return;
		asked.current = lines;
		void run({ model, ...plan().body });
	};
	const change = (some: Partial<PanelContent["embeddings"]>) =>
		update((current) => ({ ...current, ...some }));

	return (
		<EncoderFrame
			task="embeddings"
			model={model}
			models={models}
			onModel={(next) => change({ model: next })}
			actions={actions}
			plan={plan}
			state={state}
			onRetry={start}
			onStop={stop}
			doing="Embedding"
			result={(answer, ms) => (
				<>
					<Text size="sm" c="dimmed" className="galley-numbers">
						{answer.vectors.length} vectors of{" "}
						{formatCount(answer.vectors[0]?.length)} dimensions in{" "}
						{formatMs(ms)}
						{answer.usage !== null &&
							`, ${formatCount(answer.usage.promptTokens)} tokens`}
					</Text>
					<EmbeddingResults answer={answer} />
				</>
			)}
		>
			<LongTextField
				label="Texts"
				description={`One a line, up to ${mostTexts}. Control and Enter starts.`}
				value={texts}
				error={
					lines.length > mostTexts
						? `These are ${lines.length} texts: ${mostTexts} can be compared at once.`
						: undefined
				}
				onText={(text) => change({ texts: text })}
				onSend={start}
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
					onChange={(value) => change({ inputType: value as typeof inputType })}
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
				<RunButton
					verb="Embed"
					isRunning={isRunning}
					canRun={canRun}
					onRun={start}
					onStop={stop}
				/>
				{texts === "" && (
					<Button variant="default" onClick={() => change({ texts: example })}>
						Insert an example
					</Button>
				)}
			</Group>
		</EncoderFrame>
	);
}
