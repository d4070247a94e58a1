import { Button } from "@mantine/core";
import { PlayIcon, StopIcon } from "../components/icons.tsx";

interface RunButtonProps {
	/** `Embed` */
	verb: string;
	isRunning: boolean;
	canRun: boolean;
	onRun: () => void;
	onStop: () => void;
	stopVerb?: string;
}

/** Starts a request, and stops it while it is under way. */
export function RunButton({
	verb,
	isRunning,
	canRun,
	onRun,
	onStop,
	stopVerb = "Stop",
}: RunButtonProps) {
	return isRunning ? (
		<Button
			variant="default"
			leftSection={<StopIcon size={16} />}
			onClick={onStop}
		>
			{stopVerb}
		</Button>
	) : (
		<Button
			leftSection={<PlayIcon size={16} />}
			disabled={!canRun}
			onClick={onRun}
		>
			{verb}
		</Button>
	);
}
