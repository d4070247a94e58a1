import {
	Button,
	Group,
	Modal,
	NativeSelect,
	NumberInput,
	SegmentedControl,
	SimpleGrid,
	Stack,
	Text,
	TextInput,
} from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useServedModels } from "../api/fleet-queries.ts";
import { useJobActions } from "../api/job-queries.ts";
import type { BenchmarkRequest } from "../api/job-types.ts";
import { FailureAlert } from "../components/failure-alert.tsx";
import { parseLevels } from "./parse-levels.ts";

interface BenchmarkFormProps {
	isOpen: boolean;
	onClose: () => void;
	model: string | undefined;
}

export function BenchmarkForm({ isOpen, onClose, model }: BenchmarkFormProps) {
	const models = useServedModels();
	const navigate = useNavigate();
	const { start } = useJobActions("benchmarks");
	const [chosen, setChosen] = useState(model ?? "");
	const [mode, setMode] = useState<"closed" | "open">("closed");
	const [levels, setLevels] = useState("1, 2, 4, 8");
	const [input, setInput] = useState<number | string>(128);
	const [prefix, setPrefix] = useState<number | string>(0);
	const [output, setOutput] = useState<number | string>(64);
	const ids = (models.data ?? []).map(({ id }) => id);
	const asked = chosen === "" ? (ids[0] ?? "") : chosen;
	const parsed = parseLevels(levels, mode === "closed");
	const submit = () => {
		if (typeof parsed === "string") return;
		const request: BenchmarkRequest = {
			model: asked,
			...(mode === "closed"
				? { concurrency: parsed }
				: { requestRate: parsed }),
			inputTokens: Number(input),
			prefixTokens: Number(prefix),
			outputTokens: Number(output),
		};
		start.mutate(request, {
			onSuccess: ({ id }) => {
				onClose();
				void navigate({ to: "/benchmarks/$id", params: { id } });
			},
		});
	};
	return (
		<Modal
			opened={isOpen}
			onClose={onClose}
			title="New benchmark"
			size="lg"
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
						onChange={({ currentTarget }) => setChosen(currentTarget.value)}
						data={[...new Set(asked === "" ? ids : [asked, ...ids])]}
						required
					/>
					<div>
						<Text size="sm" fw={500} mb={4}>
							Load
						</Text>
						<SegmentedControl
							aria-label="Kind of load"
							fullWidth
							value={mode}
							onChange={(value) => {
								setMode(value as "closed" | "open");
								setLevels(value === "closed" ? "1, 2, 4, 8" : "0.5, 1, 2");
							}}
							data={[
								{ value: "closed", label: "Users at a time" },
								{ value: "open", label: "Requests a second" },
							]}
						/>
					</div>
					<TextInput
						label={mode === "closed" ? "Users at a time" : "Requests a second"}
						description="One stage for each number; each is a point of the chart."
						value={levels}
						onChange={({ currentTarget }) => setLevels(currentTarget.value)}
						error={typeof parsed === "string" ? parsed : undefined}
						required
					/>
					<SimpleGrid cols={{ base: 1, xs: 3 }} spacing="sm">
						<NumberInput
							label="Prompt tokens"
							value={input}
							onChange={setInput}
							min={1}
							allowDecimal={false}
							required
						/>
						<NumberInput
							label="Shared prefix tokens"
							value={prefix}
							onChange={setPrefix}
							min={0}
							allowDecimal={false}
						/>
						<NumberInput
							label="Output tokens"
							value={output}
							onChange={setOutput}
							min={1}
							allowDecimal={false}
							required
						/>
					</SimpleGrid>
					<Text size="sm" c="dimmed">
						The model keeps answering others meanwhile; what they ask is in the
						figures too.
					</Text>
					<FailureAlert error={start.error} title="It was not started" />
					<Group justify="flex-end" gap="xs">
						<Button variant="default" onClick={onClose}>
							Cancel
						</Button>
						<Button
							type="submit"
							loading={start.isPending}
							disabled={asked === "" || typeof parsed === "string"}
						>
							Start
						</Button>
					</Group>
				</Stack>
			</form>
		</Modal>
	);
}
