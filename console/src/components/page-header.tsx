import { Group, Stack, Text, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import type { ReactNode } from "react";

interface PageHeaderProps {
	title: string;
	/** Beside the title: a badge, a state. */
	badge?: ReactNode;
	description?: ReactNode;
	/** Above the title: where this page belongs. */
	above?: ReactNode;
	actions?: ReactNode;
}

/** The top of a page: its one `h1`, and the name of the browser's tab. */
export function PageHeader({
	title,
	badge,
	description,
	above,
	actions,
}: PageHeaderProps) {
	useDocumentTitle(`${title} · Galley`);
	return (
		<Group
			component="header"
			justify="space-between"
			align="flex-end"
			gap="md"
			mb="lg"
		>
			<Stack gap={4} style={{ minWidth: 0, flex: "1 1 320px" }}>
				{above}
				<Group gap="sm">
					<Title order={1} size="h2" style={{ overflowWrap: "anywhere" }}>
						{title}
					</Title>
					{badge}
				</Group>
				{description !== undefined && (
					<Text c="dimmed" component="div" maw={720}>
						{description}
					</Text>
				)}
			</Stack>
			{actions !== undefined && <Group gap="xs">{actions}</Group>}
		</Group>
	);
}
