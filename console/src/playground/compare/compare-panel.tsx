import {
	Button,
	Group,
	Stack,
	Table,
	Text,
	Textarea,
	Title,
	VisuallyHidden,
} from "@mantine/core";
import { PlusIcon } from "../../components/icons.tsx";
import { formatCount, formatMs } from "../../components/quantities.ts";
import { type Answer, isRunning } from "../logic/answer.ts";
import { toChatRequest } from "../logic/request-body.ts";
import { newId } from "../logic/session-content.ts";
import type { ComparedColumn } from "../logic/session-file.ts";
import { defaultSettings, type Settings } from "../logic/settings.ts";
import type { PanelViewProps } from "../panel-host.tsx";
import pageClasses from "../playground.module.css";
import { RunButton } from "../run-button.tsx";
import { useGeneration } from "../use-generation.ts";
import { useStopOnEscape } from "../use-stop-on-escape.ts";
import classes from "./compare.module.css";
import { CompareColumn } from "./compare-column.tsx";

const mostColumns = 4;

/** One prompt, answered side by side by two to four models, or by one model set otherwise. */
export function ComparePanel({
	content,
	update,
	models,
	actions,
}: PanelViewProps<"compare">) {
	const { system, prompt, columns } = content;
	const { ask, stop } = useGeneration();
	const running = columns.some(
		({ answer }) => answer !== null && isRunning(answer),
	);
	useStopOnEscape(running, stop);

	const planOf = (settings: Settings) =>
		toChatRequest({ ...settings, system }, [{ role: "user", content: prompt }]);
	const changeColumn = (
		id: string,
		change: (column: ComparedColumn) => ComparedColumn,
	) =>
		update((current) => ({
			...current,
			columns: current.columns.map((column) =>
				column.id === id ? change(column) : column,
			),
		}));
	const run = (some: typeof columns) => {
		for (const { id, settings } of some) {
			const { model, body, problems } = planOf(settings);
			if (problems.length > 0) continue;
			void ask({
				path: "/v1/chat/completions",
				model,
				body,
				onAnswer: (answer) =>
					changeColumn(id, (column) => ({ ...column, answer, asked: prompt })),
			});
		}
	};
	const canRun =
		!running &&
		prompt.trim() !== "" &&
		columns.some(({ settings }) => planOf(settings).problems.length === 0);

	return (
		<Stack gap="md">
			<Group justify="space-between" wrap="nowrap">
				<Text size="sm" c="dimmed">
					One prompt, two to four answers.
				</Text>
				<div className={pageClasses.actions}>{actions}</div>
			</Group>
			<Textarea
				label="System prompt, for all"
				autosize
				minRows={1}
				maxRows={6}
				value={system}
				onChange={({ currentTarget: { value } }) =>
					update((current) => ({ ...current, system: value }))
				}
			/>
			<Textarea
				label="Prompt"
				autosize
				minRows={2}
				maxRows={10}
				value={prompt}
				onChange={({ currentTarget: { value } }) =>
					update((current) => ({ ...current, prompt: value }))
				}
				onKeyDown={(event) => {
					if (
						event.key !== "Enter" ||
						event.shiftKey ||
						event.nativeEvent.isComposing
					)
						return;
					event.preventDefault();
					if (canRun) run(columns);
				}}
			/>
			<Group gap="xs">
				<RunButton
					verb="Compare"
					stopVerb="Stop all"
					isRunning={running}
					canRun={canRun}
					onRun={() => run(columns)}
					onStop={stop}
				/>
				<Button
					variant="default"
					leftSection={<PlusIcon size={16} />}
					disabled={columns.length >= mostColumns}
					onClick={() =>
						update((current) => ({
							...current,
							columns: [
								...current.columns,
								{
									id: newId(),
									settings: current.columns.at(-1)?.settings ?? defaultSettings,
									answer: null,
									asked: "",
								},
							],
						}))
					}
				>
					Add a column
				</Button>
			</Group>
			<div className={classes.columns}>
				{columns.map((column, index) => (
					<CompareColumn
						key={column.id}
						number={index + 1}
						settings={column.settings}
						plan={() => planOf(column.settings)}
						answer={column.answer}
						earlierPrompt={
							column.answer === null || column.asked === prompt
								? null
								: column.asked
						}
						models={models}
						onChange={(some) =>
							changeColumn(column.id, (current) => ({
								...current,
								settings: { ...current.settings, ...some },
							}))
						}
						onRetry={running ? null : () => run([column])}
						onRemove={
							columns.length <= 2
								? null
								: () =>
										update((current) => ({
											...current,
											columns: current.columns.filter(
												({ id }) => id !== column.id,
											),
										}))
						}
					/>
				))}
			</div>
			<Summary
				answers={columns.flatMap(({ answer }, index) =>
					answer === null ? [] : [{ number: index + 1, answer }],
				)}
			/>
			<VisuallyHidden role="status">
				{running
					? "The answers are being written"
					: columns.some(({ answer }) => answer !== null)
						? "All answers have ended"
						: ""}
			</VisuallyHidden>
		</Stack>
	);
}

function Summary({
	answers,
}: {
	answers: readonly { number: number; answer: Answer }[];
}) {
	if (answers.length < 2 || answers.some(({ answer }) => isRunning(answer)))
		return null;
	return (
		<section aria-labelledby="compare-figures">
			<Title order={2} size="h5" mb="xs" id="compare-figures">
				In figures
			</Title>
			{/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
			<div className="galley-scroll-x" tabIndex={0}>
				<Table>
					<Table.Thead>
						<Table.Tr>
							<Table.Th>Answer</Table.Th>
							<Table.Th>TTFT</Table.Th>
							<Table.Th>Total</Table.Th>
							<Table.Th>Tokens/s</Table.Th>
							<Table.Th>Prompt tokens</Table.Th>
							<Table.Th>Answer tokens</Table.Th>
							<Table.Th>Ended</Table.Th>
						</Table.Tr>
					</Table.Thead>
					<Table.Tbody>
						{answers.map(({ number, answer }) => (
							<Table.Tr key={number}>
								<Table.Td>
									{number}. {answer.model}
								</Table.Td>
								<Table.Td>{formatMs(answer.timing?.firstTokenMs)}</Table.Td>
								<Table.Td>{formatMs(answer.timing?.totalMs)}</Table.Td>
								<Table.Td>
									{answer.timing?.tokensPerSecond == null
										? "–"
										: answer.timing.tokensPerSecond.toFixed(1)}
								</Table.Td>
								<Table.Td>{formatCount(answer.usage?.promptTokens)}</Table.Td>
								<Table.Td>
									{formatCount(answer.usage?.completionTokens)}
								</Table.Td>
								<Table.Td>{answer.finishReason ?? answer.state}</Table.Td>
							</Table.Tr>
						))}
					</Table.Tbody>
				</Table>
			</div>
		</section>
	);
}
