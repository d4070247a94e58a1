import { SegmentedControl, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useServedModels } from "../api/fleet-queries.ts";
import { useCount } from "../jobs/count-field.tsx";
import { ModelField, useChosenModel } from "../jobs/model-field.tsx";
import {
	RunDialog,
	type RunFormProps,
	useStartRun,
} from "../jobs/run-form.tsx";
import { LoadFields } from "./load-fields.tsx";
import { parseLevels } from "./parse-levels.ts";

const modes = {
	closed: { label: "Users at a time", levels: "1, 2, 4, 8" },
	open: { label: "Requests a second", levels: "0.5, 1, 2" },
} as const;

export function BenchmarkForm({ isOpen, onClose, model }: RunFormProps) {
	const models = useServedModels();
	const { start, error, isPending } = useStartRun("benchmarks", onClose);
	const chosen = useChosenModel(
		(models.data ?? []).map(({ id }) => id),
		model,
	);
	const [mode, setMode] = useState<keyof typeof modes>("closed");
	const [levels, setLevels] = useState<string>(modes.closed.levels);
	const input = useCount(128);
	const prefix = useCount(0);
	const output = useCount(64);
	const parsed = parseLevels(levels, mode === "closed");
	const submit = () => {
		if (typeof parsed === "string") return;
		start({
			model: chosen.model,
			...(mode === "closed"
				? { concurrency: parsed }
				: { requestRate: parsed }),
			inputTokens: Number(input.value),
			prefixTokens: Number(prefix.value),
			outputTokens: Number(output.value),
		});
	};
	return (
		<RunDialog
			title="New benchmark"
			isOpen={isOpen}
			onClose={onClose}
			onSubmit={submit}
			canSubmit={chosen.model !== "" && typeof parsed !== "string"}
			isPending={isPending}
			error={error}
		>
			<ModelField {...chosen} />
			<div>
				<Text size="sm" fw={500} mb={4}>
					Load
				</Text>
				<SegmentedControl
					aria-label="Kind of load"
					fullWidth
					value={mode}
					onChange={(value) => {
						const next = value === "open" ? "open" : "closed";
						setMode(next);
						setLevels(modes[next].levels);
					}}
					data={Object.entries(modes).map(([value, { label }]) => ({
						value,
						label,
					}))}
				/>
			</div>
			<TextInput
				label={modes[mode].label}
				description="One stage for each number; each is a point of the chart."
				value={levels}
				onChange={({ currentTarget }) => setLevels(currentTarget.value)}
				error={typeof parsed === "string" ? parsed : undefined}
				required
			/>
			<LoadFields input={input} prefix={prefix} output={output} />
			<Text size="sm" c="dimmed">
				The model keeps answering others meanwhile; what they ask is in the
				figures too.
			</Text>
		</RunDialog>
	);
}
