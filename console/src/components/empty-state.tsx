import { Center, Group, Stack, Text, ThemeIcon, Title } from "@mantine/core";
import type { ReactNode } from "react";
import type { Icon } from "./icons.tsx";

interface EmptyStateProps {
	icon: Icon;
	title: string;
	/** What to do about it. */
	description?: ReactNode;
	/** Buttons. */
	children?: ReactNode;
	/** Inside a card rather than in place of a page. */
	compact?: boolean;
}

/** Nothing here yet, and what to do about that. */
export function EmptyState({
	icon: Picture,
	title,
	description,
	children,
	compact = false,
}: EmptyStateProps) {
	return (
		<Center mih={compact ? 140 : 320} p="md">
			<Stack align="center" gap="sm" maw={440}>
				<ThemeIcon
					size={compact ? 40 : 56}
					radius="xl"
					variant="light"
					color="gray"
				>
					<Picture size={compact ? 20 : 28} />
				</ThemeIcon>
				<Title order={2} size={compact ? "h5" : "h4"} ta="center">
					{title}
				</Title>
				{description !== undefined && (
					<Text c="dimmed" size="sm" ta="center" component="div">
						{description}
					</Text>
				)}
				{children !== undefined && (
					<Group gap="xs" justify="center">
						{children}
					</Group>
				)}
			</Stack>
		</Center>
	);
}
