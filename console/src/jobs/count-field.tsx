import { NumberInput } from "@mantine/core";
import { useState } from "react";

/** A number as it is typed: text while it is none yet. */
export function useCount(first: number | "") {
	const [value, onChange] = useState<number | string>(first);
	return { value, onChange };
}

interface CountFieldProps {
	label: string;
	value: number | string;
	onChange: (value: number | string) => void;
	min?: number;
	max?: number;
	description?: string;
	/** Nothing typed is fine. */
	placeholder?: string;
	allowDecimal?: boolean;
}

/** A whole number of a new run. */
export function CountField({
	label,
	value,
	onChange,
	min = 1,
	max,
	description,
	placeholder,
	allowDecimal = false,
}: CountFieldProps) {
	return (
		<NumberInput
			label={label}
			description={description}
			value={value}
			onChange={onChange}
			min={min}
			{...(max === undefined ? {} : { max })}
			allowDecimal={allowDecimal}
			placeholder={placeholder ?? ""}
			required={placeholder === undefined}
		/>
	);
}

/** What was typed; undefined for nothing, so that it is left out of a request. */
export function toCount(value: number | string): number | undefined {
	const number = typeof value === "number" ? value : Number.parseFloat(value);
	return Number.isFinite(number) ? number : undefined;
}
