import { Table } from "@mantine/core";
import type { ReactNode } from "react";
import { ScrollBox } from "./scroll-box.tsx";
import classes from "./wide-table.module.css";

interface WideTableProps {
	label: string;
	/** Column headings; numbers stand on the right. */
	head: readonly (string | { title: string; isNumber: true })[];
	minWidth?: number;
	children: ReactNode;
}

const fewColumns = 8;

/** A table that scrolls by itself where the screen is narrow. */
export function WideTable({
	label,
	head,
	minWidth = 640,
	children,
}: WideTableProps) {
	return (
		<ScrollBox label={label}>
			<Table
				miw={minWidth}
				{...(head.length > fewColumns
					? { horizontalSpacing: "xs", className: classes.close }
					: {})}
			>
				<Table.Thead>
					<Table.Tr>
						{head.map((column) =>
							typeof column === "string" ? (
								column === "" ? (
									<Table.Td key="actions" />
								) : (
									<Table.Th key={column}>{column}</Table.Th>
								)
							) : (
								<Table.Th key={column.title} ta="right">
									{column.title}
								</Table.Th>
							),
						)}
					</Table.Tr>
				</Table.Thead>
				<Table.Tbody>{children}</Table.Tbody>
			</Table>
		</ScrollBox>
	);
}

/** A figure: on the right, and with its unit on one line. */
export function NumberCell({ children }: { children: ReactNode }) {
	return (
		<Table.Td ta="right" style={{ whiteSpace: "nowrap" }}>
			{children}
		</Table.Td>
	);
}
