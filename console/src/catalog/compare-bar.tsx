import { Button, Group, Paper, Text } from "@mantine/core";
import { ColumnsIcon } from "../components/icons.tsx";
import { LinkButton } from "../components/links.tsx";
import classes from "./catalog.module.css";

interface CompareBarProps {
	ids: readonly string[];
	onClear: () => void;
}

export function CompareBar({ ids, onClear }: CompareBarProps) {
	if (ids.length === 0) return null;
	return (
		<Paper
			component="section"
			withBorder
			shadow="lg"
			p="sm"
			className={classes.bar}
			aria-label="Comparison"
		>
			<Group justify="space-between" gap="sm">
				<Text size="sm" role="status">
					{ids.length} of up to 4 chosen
				</Text>
				<Group gap="xs">
					<Button variant="subtle" color="gray" onClick={onClear}>
						Clear
					</Button>
					<LinkButton
						to="/catalog/compare"
						search={{ ids: ids.join("~") }}
						leftSection={<ColumnsIcon size={16} />}
						disabled={ids.length < 2}
					>
						Compare
					</LinkButton>
				</Group>
			</Group>
		</Paper>
	);
}
