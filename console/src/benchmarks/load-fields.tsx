import { SimpleGrid } from "@mantine/core";
import { CountField, type useCount } from "../jobs/count-field.tsx";

interface LoadFieldsProps {
	input: ReturnType<typeof useCount>;
	prefix: ReturnType<typeof useCount>;
	output: ReturnType<typeof useCount>;
	leastOutput?: number;
}

/** How long prompts and answers of a measurement are. */
export function LoadFields({
	input,
	prefix,
	output,
	leastOutput = 1,
}: LoadFieldsProps) {
	return (
		<SimpleGrid cols={{ base: 1, xs: 3 }} spacing="sm">
			<CountField label="Prompt tokens" {...input} />
			<CountField label="Shared prefix tokens" {...prefix} min={0} />
			<CountField label="Output tokens" {...output} min={leastOutput} />
		</SimpleGrid>
	);
}
