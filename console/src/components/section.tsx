import { Card, Group, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

interface SectionProps {
	title: string;
	description?: ReactNode;
	actions?: ReactNode;
	children: ReactNode;
	/** The content reaches the card's edges: tables. */
	flush?: boolean;
}

/** A card with a heading. */
export function Section({
	title,
	description,
	actions,
	children,
	flush = false,
}: SectionProps) {
	return (
		<Card component="section" padding={0} aria-label={title}>
			<Group
				justify="space-between"
				align="flex-start"
				px="lg"
				pt="md"
				pb={flush ? "sm" : "xs"}
			>
				<div style={{ flex: "1 1 240px", minWidth: 0 }}>
					<Title order={2} size="h5">
						{title}
					</Title>
					{description !== undefined && (
						<Text size="sm" c="dimmed" component="div" maw={760}>
							{description}
						</Text>
					)}
				</div>
				{actions !== undefined && <Group gap="xs">{actions}</Group>}
			</Group>
			<div style={flush ? undefined : { padding: "8px 20px 20px" }}>
				{children}
			</div>
		</Card>
	);
}
