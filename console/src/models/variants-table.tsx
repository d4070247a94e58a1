import { Code, Table } from "@mantine/core";
import type { CatalogEntry } from "../api/catalog-types.ts";
import { CopyButton } from "../components/copy-button.tsx";
import { formatBytes } from "../components/quantities.ts";
import { Section } from "../components/section.tsx";
import { NumberCell, WideTable } from "../components/wide-table.tsx";

export function VariantsTable({ entry }: { entry: CatalogEntry }) {
	const { variants, fit } = entry;
	const number = (title: string) => ({ title, isNumber: true as const });
	return (
		<Section
			title="Versions"
			description="Files that are offered, and the memory that each is estimated to need."
			flush
		>
			<WideTable
				label="Versions"
				stacks
				minWidth={560}
				head={[
					"Precision",
					"Format",
					number("File"),
					number("Memory"),
					"Reference",
					"",
				]}
			>
				{variants.map(
					({ name, quantisation, format, sizeBytes, reference }) => (
						<Table.Tr key={name}>
							<Table.Td>{quantisation}</Table.Td>
							<Table.Td>{format}</Table.Td>
							<NumberCell>{formatBytes(sizeBytes)}</NumberCell>
							<NumberCell>
								{formatBytes(
									fit?.variants.find((one) => one.name === name)?.needBytes,
								)}
							</NumberCell>
							<Table.Td>
								<Code style={{ overflowWrap: "anywhere" }}>{reference}</Code>
							</Table.Td>
							<Table.Td>
								<CopyButton
									value={reference}
									label={`Copy reference of ${quantisation}`}
								/>
							</Table.Td>
						</Table.Tr>
					),
				)}
			</WideTable>
		</Section>
	);
}
