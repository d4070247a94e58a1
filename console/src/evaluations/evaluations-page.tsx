import { ClipboardIcon } from "../components/icons.tsx";
import { formatCount, formatMs } from "../components/quantities.ts";
import { type RunColumn, RunsPage } from "../jobs/runs-page.tsx";
import { EvaluationComparison } from "./evaluation-comparison.tsx";
import { EvaluationForm } from "./evaluation-form.tsx";
import { EvaluationProgressBar } from "./evaluation-progress.tsx";
import { ModelStanding } from "./model-standing.tsx";
import { formatScore } from "./scores.ts";

const columns: readonly RunColumn<"evaluations">[] = [
	{
		title: "Questions",
		isNumber: true,
		cell: ({ request }) => formatCount(request.questions),
	},
	{
		title: "Exact match",
		isNumber: true,
		cell: ({ summary }) => formatScore(summary?.exactMatch),
	},
	{
		title: "F1",
		isNumber: true,
		cell: ({ summary }) => formatScore(summary?.f1),
	},
	{
		title: "Choice",
		isNumber: true,
		cell: ({ summary }) => formatScore(summary?.choiceAccuracy),
	},
	{
		title: "Latency p50",
		isNumber: true,
		cell: ({ summary }) => formatMs(summary?.latencyP50Ms),
	},
];

export function EvaluationsPage() {
	return (
		<RunsPage
			kind="evaluations"
			title="Evaluations"
			description="How often a model is right on your own questions, how fast, and at what cost."
			noun="evaluation"
			article="An"
			icon={ClipboardIcon}
			empty={{
				title: "Nothing evaluated yet",
				description:
					"Bring a file of questions with right answers: one JSON object a line.",
			}}
			Form={EvaluationForm}
			Progress={EvaluationProgressBar}
			columns={columns}
			minWidth={840}
			Comparison={EvaluationComparison}
			leastCompared={2}
			consequence="Its answers and scores are gone then. Download them first if you need them."
		>
			<ModelStanding />
		</RunsPage>
	);
}
