import { ActionIcon, CopyButton as Copier, Tooltip } from "@mantine/core";
import { CheckIcon, CopyIcon } from "./icons.tsx";

interface CopyButtonProps {
	value: string;
	/** What is copied, for the tooltip and screen readers: `Copy code`. */
	label?: string;
}

export function CopyButton({ value, label = "Copy" }: CopyButtonProps) {
	return (
		<Copier value={value} timeout={1500}>
			{({ copied, copy }) => (
				<Tooltip label={copied ? "Copied" : label} withArrow>
					<ActionIcon
						variant="subtle"
						color={copied ? "teal" : "gray"}
						onClick={copy}
						aria-label={copied ? "Copied" : label}
					>
						{copied ? <CheckIcon size={16} /> : <CopyIcon size={16} />}
					</ActionIcon>
				</Tooltip>
			)}
		</Copier>
	);
}
