import { type ComboboxData, Select } from "@mantine/core";
import type { PlaygroundModel } from "../logic/model-choice.ts";

interface ModelSelectProps {
	models: readonly PlaygroundModel[];
	value: string;
	onChange: (model: string) => void;
	label?: string;
}

/** Base models, and below them their adapters. */
export function ModelSelect({
	models,
	value,
	onChange,
	label = "Model",
}: ModelSelectProps) {
	const isServed = models.some(({ id }) => id === value);
	return (
		<Select
			aria-label={label}
			data={toGroups(models, isServed ? null : value)}
			value={value === "" ? null : value}
			onChange={(next) => next !== null && onChange(next)}
			placeholder="Choose a model"
			allowDeselect={false}
			searchable={models.length > 8}
			nothingFoundMessage="No such model"
			error={
				value !== "" && !isServed ? `${value} is not served now` : undefined
			}
			comboboxProps={{ width: "max-content", position: "bottom-start" }}
			miw={0}
		/>
	);
}

function toGroups(
	models: readonly PlaygroundModel[],
	missing: string | null,
): ComboboxData {
	const bases = models.filter(({ parent }) => parent === null);
	const adapters = models.filter(({ parent }) => parent !== null);
	const items = (some: readonly PlaygroundModel[]) =>
		some.map(({ id }) => ({ value: id, label: id }));
	const gone =
		missing === null || missing === ""
			? []
			: [{ value: missing, label: missing, disabled: true }];
	if (adapters.length === 0) return [...gone, ...items(bases)];
	const parents = [...new Set(adapters.map(({ parent }) => parent ?? ""))];
	return [
		{ group: "Models", items: [...gone, ...items(bases)] },
		...parents.map((parent) => ({
			group: `Adapters of ${parent}`,
			items: items(adapters.filter((adapter) => adapter.parent === parent)),
		})),
	];
}
