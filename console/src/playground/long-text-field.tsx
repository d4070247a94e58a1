import { Textarea, type TextareaProps } from "@mantine/core";

interface LongTextFieldProps
	extends Omit<TextareaProps, "value" | "onChange" | "onKeyDown"> {
	value: string;
	onText: (text: string) => void;
	/** Control (or Command) and Enter. */
	onSend: () => void;
}

/** Text of many lines, where Enter is a new line. */
export function LongTextField({
	onText,
	onSend,
	...field
}: LongTextFieldProps) {
	return (
		<Textarea
			autosize
			minRows={6}
			maxRows={16}
			{...field}
			onChange={({ currentTarget }) => onText(currentTarget.value)}
			onKeyDown={(event) => {
				if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
				event.preventDefault();
				onSend();
			}}
		/>
	);
}
