import { Badge, Loader } from "@mantine/core";
import { formatWord } from "./quantities.ts";

const colors: Readonly<Record<string, string>> = {
	ready: "teal",
	running: "tide",
	finished: "teal",
	starting: "blue",
	loading: "blue",
	restarting: "orange",
	unready: "orange",
	stopping: "gray",
	stopped: "gray",
	asleep: "gray",
	cancelled: "gray",
	failed: "red",
	revoked: "red",
	expired: "orange",
	active: "teal",
};

const moving = new Set(["starting", "loading", "restarting", "running"]);

/** The state of a service, a replica, a run or a key; the word says it, the colour repeats it. */
export function PhaseBadge({ phase, size }: { phase: string; size?: string }) {
	const color = colors[phase] ?? "gray";
	return (
		<Badge
			color={color}
			// In a narrow column the word would be cut to its first letter.
			miw="max-content"
			{...(size === undefined ? {} : { size })}
			leftSection={
				moving.has(phase) ? (
					<Loader
						size={10}
						color={`var(--mantine-color-${color}-light-color)`}
					/>
				) : undefined
			}
		>
			{formatWord(phase)}
		</Badge>
	);
}
