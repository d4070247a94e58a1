import {
	Button,
	Code,
	FileButton,
	Group,
	Modal,
	NativeSelect,
	NumberInput,
	SimpleGrid,
	Stack,
	Text,
	Textarea,
} from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useServedModels } from "../api/fleet-queries.ts";
import { useJobActions } from "../api/job-queries.ts";
import { FailureAlert } from "../components/failure-alert.tsx";
import { inspectQuestions } from "./scores.ts";

const example = `{"question": "What is the capital of France?", "answer": "Paris"}
{"question": "Which of these is a mammal?", "choices": ["Shark", "Dolphin", "Tuna"], "answer": "Dolphin"}
{"question": "Who wrote it?", "context": "Hamlet is a play by William Shakespeare.", "answers": ["Shakespeare", "William Shakespeare"]}`;

interface EvaluationFormProps {
	isOpen: boolean;
	onClose: () => void;
}

export function EvaluationForm({ isOpen, onClose }: EvaluationFormProps) {
	const models = useServedModels();
	const navigate = useNavigate();
	const { start } = useJobActions("evaluations");
	const [model, setModel] = useState("");
	const [questions, setQuestions] = useState("");
	const [system, setSystem] = useState("");
	const [concurrency, setConcurrency] = useState<number | string>(4);
	const [maxTokens, setMaxTokens] = useState<number | string>(64);
	const ids = (models.data ?? []).map(({ id }) => id);
	const asked = model === "" ? (ids[0] ?? "") : model;
	const looked = inspectQuestions(questions);
	const submit = () =>
		start.mutate(
			{
				model: asked,
				questions,
				concurrency: Number(concurrency),
				maxTokens: Number(maxTokens),
				temperature: 0,
				...(system.trim() === "" ? {} : { system }),
			},
			{
				onSuccess: ({ id }) => {
					onClose();
					void navigate({ to: "/evaluations/$id", params: { id } });
				},
			},
		);
	return (
		<Modal
			opened={isOpen}
			onClose={onClose}
			title="New evaluation"
			size="xl"
			closeButtonProps={{ "aria-label": "Close" }}
		>
			<form
				onSubmit={(event) => {
					event.preventDefault();
					submit();
				}}
			>
				<Stack gap="md">
					<NativeSelect
						label="Model"
						value={asked}
						onChange={({ currentTarget }) => setModel(currentTarget.value)}
						data={ids}
						required
					/>
					<Textarea
						label="Questions"
						description={
							<>
								One JSON object a line: <Code>question</Code>,{" "}
								<Code>answer</Code> or <Code>answers</Code>; if you like{" "}
								<Code>context</Code> and <Code>choices</Code>.
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
						<NumberInput
							label="Questions at a time"
							value={concurrency}
							onChange={setConcurrency}
							min={1}
							max={64}
							allowDecimal={false}
							required
						/>
						<NumberInput
							label="Most tokens an answer"
							value={maxTokens}
							onChange={setMaxTokens}
							min={1}
							max={8192}
							allowDecimal={false}
							required
						/>
					</SimpleGrid>
					<FailureAlert error={start.error} title="It was not started" />
					<Group justify="flex-end" gap="xs">
						<Button variant="default" onClick={onClose}>
							Cancel
						</Button>
						<Button
							type="submit"
							loading={start.isPending}
							disabled={asked === "" || !looked.ok}
						>
							Start
						</Button>
					</Group>
				</Stack>
			</form>
		</Modal>
	);
}
