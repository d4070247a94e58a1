import { Group, Text } from "@mantine/core";
import type { CatalogFit } from "../api/catalog-types.ts";
import { describeFit } from "./describe-fit.ts";

export function FitBadge({ fit }: { fit: CatalogFit | undefined }) {
	const { color, text } = describeFit(fit);
	return (
		<Group gap={8} wrap="nowrap">
			<svg width="8" height="8" aria-hidden="true">
				<circle cx="4" cy="4" r="4" fill={color} />
			</svg>
			<Text size="xs" truncate>
				{text}
			</Text>
		</Group>
	);
}
