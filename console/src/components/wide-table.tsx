import { Table } from "@mantine/core";
import type { ReactNode } from "react";
import { ScrollBox } from "./scroll-box.tsx";
import classes from "./wide-table.module.css";

interface WideTableProps {
	label: string;
	/** Column headings; numbers stand on the right. */
	head: readonly (string | { title: string; isNumber: true })[];
	minWidth?: number;
	/** On a phone each row is a list of its own, a line a column: for rows that are read, not compared down a column. */
	stacks?: boolean;
	children: ReactNode;
}

const fewColumns = 8;

/** A table that scrolls by itself where the screen is narrow; its first column stays in sight there. */
export function WideTable({
	label,
	head,
	minWidth = 640,
	stacks = false,
	children,
}: WideTableProps) {
	const isClose = head.length > fewColumns;
	const shape = stacks ? classes.stacks : classes.scrolls;
	return (
		<ScrollBox label={label}>
			<Table
				{...(isClose ? { horizontalSpacing: "xs" } : {})}
				className={`${shape} ${isClose ? classes.close : ""}`}
				style={{
					"--wide-table-width": `${minWidth}px`,
					...(stacks ? columnNames(head) : {}),
				}}
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

/** For the style sheet, which names a cell's column before it: `--column-1: "Line"`. */
function columnNames(head: WideTableProps["head"]): Record<string, string> {
	return Object.fromEntries(
		head.map((column, place) => [
			`--column-${place + 1}`,
			JSON.stringify(typeof column === "string" ? column : column.title),
		]),
	);
}

/** A figure: on the right, and with its unit on one line. */
export function NumberCell({ children }: { children: ReactNode }) {
	return <Table.Td className={classes.number ?? ""}>{children}</Table.Td>;
}
