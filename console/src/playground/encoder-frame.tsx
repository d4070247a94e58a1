import { Stack, VisuallyHidden } from "@mantine/core";
import type { ReactNode } from "react";
import type { CodeTask } from "../components/request-code.ts";
import { FailureNotice } from "./failure-notice.tsx";
import type { PlaygroundModel } from "./logic/model-choice.ts";
import type { RequestPlan } from "./logic/request-body.ts";
import { ModelSelect } from "./models/model-select.tsx";
import { CodeAction, PanelFrame } from "./panel-frame.tsx";
import type { RequestState } from "./use-request.ts";
import { useStopOnEscape } from "./use-stop-on-escape.ts";

interface EncoderFrameProps<T> {
	task: CodeTask;
	model: string;
	models: readonly PlaygroundModel[];
	onModel: (model: string) => void;
	/** For the toolbar: new, sessions, share. */
	actions: ReactNode;
	plan: () => RequestPlan;
	state: RequestState<T>;
	onRetry: () => void;
	onStop: () => void;
	/** For screen readers, while it runs: `Embedding`. */
	doing: string;
	/** What is asked. */
	children: ReactNode;
	result: (answer: T, ms: number) => ReactNode;
}

/** A panel whose answer comes in one piece: what is asked, and below it what came back or went wrong. */
export function EncoderFrame<T>({
	task,
	model,
	models,
	onModel,
	actions,
	plan,
	state,
	onRetry,
	onStop,
	doing,
	children,
	result,
}: EncoderFrameProps<T>) {
	useStopOnEscape(state.phase === "running", onStop);
	return (
		<PanelFrame
			model={<ModelSelect models={models} value={model} onChange={onModel} />}
			actions={
				<>
					{actions}
					<CodeAction task={task} plan={plan} />
				</>
			}
			settings={null}
		>
			<Stack gap="md">
				{children}
				{state.phase === "failed" && (
					<FailureNotice failure={state.failure} onRetry={onRetry} />
				)}
				{state.phase === "done" && result(state.answer, state.ms)}
				<VisuallyHidden role="status">
					{state.phase === "running"
						? doing
						: state.phase === "done"
							? "Done"
							: ""}
				</VisuallyHidden>
			</Stack>
		</PanelFrame>
	);
}
