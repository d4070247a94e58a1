import { Stack, Table, Text } from "@mantine/core";
import type { CatalogEntry } from "../api/catalog-types.ts";
import { OutsideLink } from "../components/links.tsx";
import { Section } from "../components/section.tsx";
import { NumberCell, WideTable } from "../components/wide-table.tsx";
import classes from "./model.module.css";

const parts = [
	["background", "Background"],
	["intendedUse", "Intended use"],
	["limits", "Limits"],
	["inputs", "Inputs"],
	["outputs", "Outputs"],
	["trainingData", "Training data"],
	["safety", "Safety"],
] as const;

/** The card: what the publisher says. It is shown as text, never as markup. */
export function ModelCardText({ entry }: { entry: CatalogEntry }) {
	const { card, sources, licence } = entry;
	return (
		<Stack gap="lg">
			<Section title="Model card">
				<Stack gap="md">
					{parts.map(([name, title]) => (
						<div key={name}>
							<Text component="h3" fw={600} size="sm" m={0} mb={4}>
								{title}
							</Text>
							<Text
								size="sm"
								className={classes.prose}
								{...(card[name] === "unknown" ? { c: "dimmed" } : {})}
							>
								{card[name] === "unknown"
									? "Unknown: not published, or not found."
									: card[name]}
							</Text>
						</div>
					))}
				</Stack>
			</Section>
			{card.benchmarks.length > 0 && (
				<Section
					title="Published benchmarks"
					description="As published, each with its source; what was measured on this machine is under Metrics."
					flush
				>
					<WideTable
						label="Published benchmarks"
						stacks
						minWidth={480}
						head={[
							"Benchmark",
							"Metric",
							{ title: "Value", isNumber: true },
							"Source",
						]}
					>
						{card.benchmarks.map(({ name, metric, value, source }) => (
							<Table.Tr key={`${name} ${metric}`}>
								<Table.Td>{name}</Table.Td>
								<Table.Td>{metric}</Table.Td>
								<NumberCell>{value}</NumberCell>
								<Table.Td>
									<OutsideLink href={source}>{hostOf(source)}</OutsideLink>
								</Table.Td>
							</Table.Tr>
						))}
					</WideTable>
				</Section>
			)}
			<Section title="Sources and licence">
				<Stack gap={6}>
					{sources.map((source) => (
						<Text key={source} size="sm" component="div">
							<OutsideLink href={source}>{source}</OutsideLink>
						</Text>
					))}
					<Text size="sm" c="dimmed">
						Licence: {licence.name} ({licence.id}).
					</Text>
					<Text size="sm" c="dimmed">
						{describeCheck(entry.checked ?? null)}
					</Text>
				</Stack>
			</Section>
		</Stack>
	);
}

function describeCheck(
	checked: NonNullable<CatalogEntry["checked"]> | null,
): string {
	if (checked === null) return "Not checked against the publisher's page.";
	const read = `Read beside the publisher's text on ${checked.on}`;
	return checked.notFound.length === 0
		? `${read}.`
		: `${read}; not found there: ${checked.notFound.join(", ").replaceAll("-", " ")}.`;
}

function hostOf(address: string): string {
	return URL.canParse(address) ? new URL(address).hostname : address;
}
