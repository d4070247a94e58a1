import {
	Button,
	Code,
	FileButton,
	Group,
	SimpleGrid,
	Text,
	Textarea,
} from "@mantine/core";
import { useState } from "react";
import { useServedModels } from "../api/fleet-queries.ts";
import { CountField, useCount } from "../jobs/count-field.tsx";
import { ModelField, useChosenModel } from "../jobs/model-field.tsx";
import {
	RunDialog,
	type RunFormProps,
	useStartRun,
} from "../jobs/run-form.tsx";
import { inspectQuestions } from "./scores.ts";

const example = `{"question": "What is the capital of France?", "answer": "Paris"}
{"question": "Which of these is a mammal?", "choices": ["Shark", "Dolphin", "Tuna"], "answer": "Dolphin"}
{"question": "Who wrote it?", "context": "Hamlet is a play by William Shakespeare.", "answers": ["Shakespeare", "William Shakespeare"]}`;

export function EvaluationForm({ isOpen, onClose, model }: RunFormProps) {
	const models = useServedModels();
	const { start, error, isPending } = useStartRun("evaluations", onClose);
	const chosen = useChosenModel(
		(models.data ?? []).map(({ id }) => id),
		model,
	);
	const [questions, setQuestions] = useState("");
	const [system, setSystem] = useState("");
	const concurrency = useCount(4);
	const maxTokens = useCount(64);
	const looked = inspectQuestions(questions);
	const submit = () =>
		start({
			model: chosen.model,
			questions,
			concurrency: Number(concurrency.value),
			maxTokens: Number(maxTokens.value),
			temperature: 0,
			...(system.trim() === "" ? {} : { system }),
		});
	return (
		<RunDialog
			title="New evaluation"
			isOpen={isOpen}
			onClose={onClose}
			onSubmit={submit}
			canSubmit={chosen.model !== "" && looked.ok}
			isPending={isPending}
			error={error}
			size="xl"
		>
			<ModelField {...chosen} />
			<Textarea
				label="Questions"
				description={
					<>
						One JSON object a line: <Code>question</Code>, <Code>answer</Code>{" "}
						or <Code>answers</Code>; if you like <Code>context</Code> and{" "}
						<Code>choices</Code>.
					</>
				}
				placeholder={example}
				value={questions}
				onChange={({ currentTarget }) => setQuestions(currentTarget.value)}
				autosize
				minRows={6}
				maxRows={14}
				styles={{
					input: {
						fontFamily: "var(--mantine-font-family-monospace)",
						fontSize: 13,
					},
				}}
				error={
					questions.trim() !== "" && !looked.ok ? looked.problem : undefined
				}
				required
			/>
			<Group gap="xs">
				<FileButton
					accept=".jsonl,.json,.txt"
					onChange={(file) => {
						if (file !== null) void file.text().then(setQuestions);
					}}
				>
					{(button) => (
						<Button variant="default" size="xs" {...button}>
							Open a file
						</Button>
					)}
				</FileButton>
				<Button
					variant="subtle"
					size="xs"
					onClick={() => setQuestions(example)}
				>
					Take the example
				</Button>
				<Text size="sm" c="dimmed" role="status">
					{looked.ok && `${looked.count} questions`}
				</Text>
			</Group>
			<Textarea
				label="System prompt"
				description="Empty: the model is asked for short answers, or for the letter of a choice."
				value={system}
				onChange={({ currentTarget }) => setSystem(currentTarget.value)}
				autosize
				minRows={1}
				maxRows={6}
			/>
			<SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
				<CountField label="Questions at a time" {...concurrency} max={64} />
				<CountField label="Most tokens an answer" {...maxTokens} max={8192} />
			</SimpleGrid>
		</RunDialog>
	);
}
