import { baseUrl, useSession } from "../api/client.ts";
import { CodeTabs } from "./code-tabs.tsx";
import { codeSamples, type SampleTask } from "./sample-code.ts";

interface CodeSamplesProps {
	model: string;
	task: SampleTask;
	/** Sampling settings that suit the model, as the API names them. */
	settings?: Readonly<Record<string, unknown>>;
	maxHeight?: number;
}

/** A plain request of a task, filled in and ready to run. */
export function CodeSamples({
	model,
	task,
	settings,
	maxHeight,
}: CodeSamplesProps) {
	const { session } = useSession();
	const withKey = session?.keysRequired ?? false;
	return (
		<CodeTabs
			samples={codeSamples({ url: baseUrl(), model, task, withKey, settings })}
			withKey={withKey}
			maxHeight={maxHeight}
		/>
	);
}
