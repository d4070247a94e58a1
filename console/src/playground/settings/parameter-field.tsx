import {
	ActionIcon,
	Group,
	NumberInput,
	Select,
	Slider,
	Stack,
	Switch,
	TagsInput,
	Text,
	Textarea,
	TextInput,
	Tooltip,
} from "@mantine/core";
import { useId } from "react";
import { RestartIcon } from "../../components/icons.tsx";
import type { Parameter, ParameterValue } from "../logic/parameter-table.ts";
import classes from "./settings.module.css";

interface ParameterFieldProps {
	parameter: Parameter;
	value: ParameterValue | undefined;
	onChange: (value: ParameterValue | undefined) => void;
}

/** One parameter with what it does. Left alone it is not sent; the arrow puts it back there. */
export function ParameterField({
	parameter,
	value,
	onChange,
}: ParameterFieldProps) {
	const id = useId();
	const { title, name, explanation, unset } = parameter;
	const isSet = value !== undefined;
	return (
		<Stack gap={4} className={classes.parameter}>
			<Group justify="space-between" wrap="nowrap" gap="xs" mih={26}>
				<Text
					component="label"
					htmlFor={id}
					id={`${id}-label`}
					size="sm"
					fw={550}
				>
					{title}
				</Text>
				{isSet ? (
					<Tooltip label={`Back to the default (${unset})`}>
						<ActionIcon
							variant="subtle"
							color="gray"
							size="sm"
							aria-label={`Reset ${title}`}
							onClick={() => onChange(undefined)}
						>
							<RestartIcon size={14} />
						</ActionIcon>
					</Tooltip>
				) : (
					<Text size="xs" c="dimmed">
						{unset}
					</Text>
				)}
			</Group>
			<Control
				id={id}
				parameter={parameter}
				value={value}
				onChange={onChange}
			/>
			<Text size="xs" c="dimmed" id={`${id}-about`}>
				{explanation} <code className={classes.name}>{name}</code>
			</Text>
		</Stack>
	);
}

function Control({
	id,
	parameter,
	value,
	onChange,
}: ParameterFieldProps & { id: string }) {
	const about = { id, "aria-describedby": `${id}-about` };
	switch (parameter.kind) {
		case "slider": {
			const { min, max, step, neutral } = parameter;
			const shown = typeof value === "number" ? value : neutral;
			return (
				<Group gap="sm" wrap="nowrap">
					<Slider
						flex={1}
						min={min}
						max={max}
						step={step}
						value={Math.min(max, Math.max(min, shown))}
						onChange={onChange}
						label={null}
						size="sm"
						color={value === undefined ? "gray" : "tide"}
						thumbLabel={`${parameter.title} slider`}
					/>
					<NumberInput
						{...about}
						w={76}
						size="xs"
						min={min}
						max={max}
						step={step}
						value={typeof value === "number" ? value : ""}
						placeholder={String(neutral)}
						onChange={(next) => onChange(toNumber(next))}
						hideControls
					/>
				</Group>
			);
		}
		case "number":
			return (
				<NumberInput
					{...about}
					size="xs"
					min={parameter.min}
					max={parameter.max}
					step={parameter.step}
					allowDecimal={parameter.step % 1 !== 0}
					value={typeof value === "number" ? value : ""}
					placeholder="not set"
					onChange={(next) => onChange(toNumber(next))}
				/>
			);
		case "switch":
			return (
				<Switch
					{...about}
					size="sm"
					checked={value === undefined ? parameter.unset === "on" : !!value}
					onChange={({ currentTarget }) => onChange(currentTarget.checked)}
				/>
			);
		case "choice":
			return (
				<Select
					{...about}
					size="xs"
					data={[...parameter.values]}
					value={typeof value === "string" ? value : null}
					placeholder="not set"
					clearable
					onChange={(next) => onChange(next ?? undefined)}
				/>
			);
		case "texts":
		case "ids":
			return (
				<TagsInput
					{...about}
					size="xs"
					value={Array.isArray(value) ? [...value] : []}
					maxTags={parameter.kind === "texts" ? 16 : 1024}
					placeholder="Type one and press Enter"
					onChange={onChange}
				/>
			);
		case "json":
			return (
				<Textarea
					{...about}
					size="xs"
					autosize
					minRows={1}
					maxRows={6}
					value={typeof value === "string" ? value : ""}
					placeholder={parameter.example}
					onChange={({ currentTarget }) => onChange(currentTarget.value)}
					classNames={{ input: classes.code ?? "" }}
				/>
			);
		case "text":
			return (
				<TextInput
					{...about}
					size="xs"
					value={typeof value === "string" ? value : ""}
					placeholder="not set"
					onChange={({ currentTarget }) => onChange(currentTarget.value)}
				/>
			);
	}
}

function toNumber(value: number | string): number | undefined {
	return typeof value === "number" && Number.isFinite(value)
		? value
		: undefined;
}
