import { Progress } from "@mantine/core";

interface MeterProps {
	label: string;
	/** 0 to 1; null when nobody knows. */
	share: number | null;
	size?: number;
}

/** How full something is; orange and red near its end. */
export function Meter({ label, share, size = 6 }: MeterProps) {
	const percent = Math.round(Math.min(1, Math.max(0, share ?? 0)) * 100);
	const color = percent >= 95 ? "red" : percent >= 80 ? "orange" : "tide.5";
	return (
		<Progress.Root size={size}>
			<Progress.Section
				value={percent}
				color={color}
				aria-label={share === null ? `${label}: unknown` : label}
			/>
		</Progress.Root>
	);
}
