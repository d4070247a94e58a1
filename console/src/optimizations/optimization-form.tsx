import {
	Button,
	Collapse,
	SimpleGrid,
	Stack,
	Switch,
	Text,
	TextInput,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState } from "react";
import { useFleet } from "../api/fleet-queries.ts";
import { LoadFields } from "../benchmarks/load-fields.tsx";
import { parseLevels } from "../benchmarks/parse-levels.ts";
import { CountField, toCount, useCount } from "../jobs/count-field.tsx";
import { ModelField, useChosenModel } from "../jobs/model-field.tsx";
import {
	RunDialog,
	type RunFormProps,
	useStartRun,
} from "../jobs/run-form.tsx";
import { toOptimizationRequest } from "./optimization-request.ts";

/** Their profiles need no measuring. */
const unmeasured = new Set(["embedding", "reranking"]);

export function OptimizationForm({ isOpen, onClose, model }: RunFormProps) {
	const fleet = useFleet();
	const { start, error, isPending } = useStartRun("optimizations", onClose);
	const chosen = useChosenModel(
		(fleet.data?.services ?? [])
			.filter(({ task }) => task === null || !unmeasured.has(task))
			.map(({ name }) => name),
		model,
	);
	const [hasMore, more] = useDisclosure(false);
	const [levels, setLevels] = useState("1, 8");
	const [precisions, setPrecisions] = useState("");
	const [isFresh, setIsFresh] = useState(false);
	const input = useCount(128);
	const prefix = useCount(0);
	const output = useCount(128);
	const minutes = useCount(15);
	const targetItl = useCount("");
	const targetTtft = useCount("");
	const perplexity = useCount(3);
	const kl = useCount(0.05);
	const memory = useCount("");
	const parsed = parseLevels(levels, true);
	const submit = () => {
		if (typeof parsed === "string") return;
		start(
			toOptimizationRequest({
				model: chosen.model,
				concurrency: parsed,
				precisions,
				isFresh,
				inputTokens: toCount(input.value),
				prefixTokens: toCount(prefix.value),
				outputTokens: toCount(output.value),
				minutes: toCount(minutes.value),
				targetItlMs: toCount(targetItl.value),
				targetTtftMs: toCount(targetTtft.value),
				perplexityPercent: toCount(perplexity.value),
				maxKl: toCount(kl.value),
				memoryGib: toCount(memory.value),
			}),
		);
	};
	return (
		<RunDialog
			title="New optimization"
			isOpen={isOpen}
			onClose={onClose}
			onSubmit={submit}
			canSubmit={chosen.model !== "" && typeof parsed !== "string"}
			isPending={isPending}
			error={error}
		>
			<ModelField {...chosen} />
			<SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
				<TextInput
					label="Users at a time"
					description="The best is the best over all of these."
					value={levels}
					onChange={({ currentTarget }) => setLevels(currentTarget.value)}
					error={typeof parsed === "string" ? parsed : undefined}
					required
				/>
				<CountField
					label="Minutes"
					description="The same run again goes on from there."
					{...minutes}
					max={1440}
				/>
			</SimpleGrid>
			<SimpleGrid cols={{ base: 1, xs: 3 }} spacing="sm">
				<CountField
					label="Perplexity loss (%)"
					description="At most"
					placeholder="no limit"
					allowDecimal
					min={0}
					{...perplexity}
				/>
				<CountField
					label="ITL p95 (ms)"
					description="At most"
					placeholder="no limit"
					{...targetItl}
				/>
				<CountField
					label="TTFT p95 (ms)"
					description="At most"
					placeholder="no limit"
					{...targetTtft}
				/>
			</SimpleGrid>
			<Button
				variant="subtle"
				color="gray"
				size="compact-sm"
				onClick={more.toggle}
				aria-expanded={hasMore}
			>
				{hasMore ? "Fewer settings" : "More settings"}
			</Button>
			<Collapse expanded={hasMore}>
				<Stack gap="sm">
					<LoadFields
						input={input}
						prefix={prefix}
						output={output}
						leastOutput={2}
					/>
					<SimpleGrid cols={{ base: 1, xs: 3 }} spacing="sm">
						<CountField
							label="KL divergence"
							description="At most, nats a token"
							placeholder="no limit"
							allowDecimal
							min={0}
							{...kl}
						/>
						<CountField
							label="Memory (GiB)"
							description="At most"
							placeholder="no limit"
							allowDecimal
							min={0}
							{...memory}
						/>
						<TextInput
							label="Precisions"
							description="To try"
							placeholder="the usual ones"
							value={precisions}
							onChange={({ currentTarget }) =>
								setPrecisions(currentTarget.value)
							}
						/>
					</SimpleGrid>
					<Switch
						label="Forget what was measured before"
						checked={isFresh}
						onChange={({ currentTarget }) => setIsFresh(currentTarget.checked)}
					/>
				</Stack>
			</Collapse>
			<Text size="sm" c="dimmed">
				The model is loaded a second time and measured beside its service: what
				others ask meanwhile makes the figures unsure, and the report says so.
			</Text>
		</RunDialog>
	);
}
