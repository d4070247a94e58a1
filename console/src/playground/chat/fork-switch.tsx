import { ActionIcon, Group, Text } from "@mantine/core";
import { ChevronRightIcon } from "../../components/icons.tsx";

interface ForkSwitchProps {
	/** `answer` or `question`. */
	what: string;
	/** From 0. */
	place: number;
	count: number;
	onChoose: (place: number) => void;
}

/** Which of several tries is shown. */
export function ForkSwitch({ what, place, count, onChoose }: ForkSwitchProps) {
	if (count < 2) return null;
	return (
		<Group gap={2} wrap="nowrap">
			<ActionIcon
				variant="subtle"
				color="gray"
				size="sm"
				aria-label={`Earlier ${what}`}
				disabled={place === 0}
				onClick={() => onChoose(place - 1)}
			>
				<ChevronRightIcon size={14} style={{ transform: "rotate(180deg)" }} />
			</ActionIcon>
			<Text size="xs" c="dimmed" className="galley-numbers">
				{place + 1} / {count}
			</Text>
			<ActionIcon
				variant="subtle"
				color="gray"
				size="sm"
				aria-label={`Later ${what}`}
				disabled={place === count - 1}
				onClick={() => onChoose(place + 1)}
			>
				<ChevronRightIcon size={14} />
			</ActionIcon>
		</Group>
	);
}
